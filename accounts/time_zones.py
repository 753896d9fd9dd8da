"""Time zones as people choose them: by the name that the clock on their wall goes by."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.conf import settings

OFTEN = {
    "America/New_York": "Eastern, New York",
    "America/Chicago": "Central, Chicago",
    "America/Denver": "Mountain, Denver",
    "America/Phoenix": "Arizona, Phoenix",
    "America/Los_Angeles": "Pacific, Los Angeles",
    "America/Anchorage": "Alaska, Anchorage",
    "Pacific/Honolulu": "Hawaii, Honolulu",
    "America/Puerto_Rico": "Atlantic, Puerto Rico",
}
# Old names and offsets that nobody knows their clock by.
NOT_OFFERED = ("Etc/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/", "SystemV/")

Choices = list[tuple[str, str | list[tuple[str, str]]]]


def in_words(name: str) -> str:
    """Central, Chicago; of the others Berlin (Europe)."""
    if name in OFTEN:
        return OFTEN[name]
    region, _, place = name.replace("_", " ").partition("/")
    return f"{place.replace('/', ', ')} ({region})" if place else region


def choices(*current: str) -> Choices:
    """Those that are likely here first, then all others; among them whatever is chosen already."""
    likely = dict.fromkeys([*filter(None, current), settings.TIME_ZONE, *OFTEN, "UTC"])
    known = {name for name in available_timezones() if "/" in name and not name.startswith(NOT_OFFERED)}
    others = sorted(known - likely.keys(), key=lambda name: (name.partition("/")[0], in_words(name)))
    return [
        ("Often used", [(name, in_words(name)) for name in likely]),
        ("All others", [(name, in_words(name)) for name in others]),
    ]
