"""A chart that says what an earlier one said is not drawn again: each process keeps those it drew last."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from django.conf import settings

if TYPE_CHECKING:
    from .chart import Chart

Said = ParamSpec("Said")

MOST = 200  # charts; each takes up to 200 KB with what it is on a page


def kept(draw: Callable[Said, Chart]) -> Callable[Said, Chart]:
    """For what draws by nothing but its arguments: all of them together say which chart it is.

    While somebody works on the site's templates each is drawn as they are now.
    """

    @wraps(draw)
    def drawn_once(*args: Said.args, **kwargs: Said.kwargs) -> Chart:
        return draw(*args, **kwargs) if settings.DEBUG else _drawn(_Asked(draw, args, kwargs))

    return drawn_once


class _Asked:
    """Lists of bars and series have no hash: they are compared by all that they hold."""

    def __init__(self, draw: Callable[..., Chart], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.draw, self.args, self.kwargs = draw, args, kwargs
        self._said = pickle.dumps((draw.__module__, draw.__qualname__, args, kwargs))

    def __hash__(self) -> int:
        return hash(self._said)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._said == other._said


@lru_cache(MOST)
def _drawn(asked: _Asked) -> Chart:
    return asked.draw(*asked.args, **asked.kwargs)
