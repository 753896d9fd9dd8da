"""What a check of the facts finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .reading import Amount


@dataclass(frozen=True)
class Difference:
    """A measure that is not told as the claims have it."""

    fact: str
    key: dict[str, Any]
    measure: str
    told: Amount
    found: Amount

    def __str__(self) -> str:
        key = ", ".join(f"{name} {'none' if value is None else value}" for name, value in self.key.items())
        return f"{self.fact} facts, {key}: {self.measure} is told as {self.told}, the claims say {self.found}"
