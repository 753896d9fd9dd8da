"""Celery's broker when no Redis is there: messages as files in one folder.

Kombu's own file transport writes a message in place, so a worker may take a file that is still half empty and
lose it, and lists the whole folder for each message. This one renames a finished file into place, takes it by
renaming it again (one taker wins), and reads the folder once for many messages.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listed: dict[str, deque[Path]] = {}

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as its parent
        name = f"{time.time_ns():020}_{uuid.uuid4().hex}.{queue}.msg"
        unfinished = self._folder / f".{name}"
        unfinished.write_text(dumps(payload))
        unfinished.rename(self._folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        waiting = self._listed.setdefault(queue, deque())
        if not waiting:
            waiting.extend(sorted(self._folder.glob(f"[!.]*.{queue}.msg")))
        while waiting:
            taken = self._take(waiting.popleft())
            if taken is not None:
                return loads(taken)
        raise Empty

    def _take(self, message: Path) -> str | None:
        mine = message.with_name(f".taken-{message.name}")
        try:
            message.rename(mine)
        except FileNotFoundError:
            return None  # another worker was faster
        payload = mine.read_text()
        mine.unlink()
        return payload


class Transport(filesystem.Transport):
    Channel = Channel
