"""The design system holds what it promises: all of it is shown, and can be read in both themes."""

import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User
from rcm_site.style_guide import COLOURS, icon_names

pytestmark = pytest.mark.django_db

STATIC = Path(str(finders.find("css/tokens.css"))).parent.parent
TEMPLATES = STATIC.parent.parent / "templates"
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (STATIC / "css" / "tokens.css").read_text()
    )
}
SURFACES = ["page", "surface", "sunken", "hover", "raised"]
MEANINGS = ["good", "bad", "warning", "info"]
# Whatever stands on what, as text.
READ = [
    *((text, on) for text in ("text", "text-soft", "text-faint", "accent", *MEANINGS) for on in SURFACES),
    *((meaning, f"{meaning}-surface") for meaning in MEANINGS),
    *(("text", f"{meaning}-surface") for meaning in MEANINGS),
    *((text, "accent-surface") for text in ("text", "text-soft", "accent")),
    *((text, "quiet-surface") for text in ("text", "text-soft")),
    *(("on-accent", on) for on in ("accent", "accent-strong")),
    ("on-bad", "bad"),
    *((text, on) for text in ("on-bar", "bar-soft") for on in ("bar", "bar-hover")),
]
# Whatever must be told apart from what it lies on, without being read.
SEEN = [
    *(("field-line", on) for on in SURFACES),
    *(("accent", on) for on in SURFACES),
    *((f"series-{place}", "surface") for place in range(1, 9)),
]


def linear_light(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def brightness(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    red, green, blue = linear_light(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((brightness(one), brightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "on"), READ)
def test_every_text_is_readable_on_its_surface(theme: str, text: str, on: str) -> None:
    assert contrast(TOKENS[text][theme], TOKENS[on][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("drawn", "on"), SEEN)
def test_every_line_that_matters_can_be_seen(theme: str, drawn: str, on: str) -> None:
    assert contrast(TOKENS[drawn][theme], TOKENS[on][theme]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_scale_from_little_to_much_survives_a_print_in_grey(theme: str) -> None:
    steps = [brightness(TOKENS[f"scale-{place}"][theme]) for place in range(1, 8)]
    assert steps == sorted(steps, reverse=theme == "light")
    assert all(
        contrast(TOKENS[f"scale-{at}"][theme], TOKENS[f"scale-{at + 1}"][theme]) > 1.15 for at in range(1, 7)
    )


# What is left of red, green and blue to an eye without its red or its green cones (Machado et al., 2009).
EYES: dict[str, list[tuple[float, float, float]]] = {
    "without red": [(0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)],
    "without green": [(0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)],
    "of most people": [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
}


def seen_by(eye: str, colour: str) -> tuple[float, float, float]:
    """The colour's place in OKLab, where distance is how different two colours look."""
    linear = linear_light(colour)
    red, green, blue = (max(0, sum(a * b for a, b in zip(row, linear, strict=True))) for row in EYES[eye])
    long = (0.4122 * red + 0.5363 * green + 0.0514 * blue) ** (1 / 3)
    middle = (0.2119 * red + 0.6807 * green + 0.1074 * blue) ** (1 / 3)
    short = (0.0883 * red + 0.2817 * green + 0.6300 * blue) ** (1 / 3)
    return (
        0.2105 * long + 0.7936 * middle - 0.0041 * short,
        1.9780 * long - 2.4286 * middle + 0.4506 * short,
        0.0259 * long + 0.7828 * middle - 0.8087 * short,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_categories_are_told_apart_by_every_eye(theme: str, eye: str) -> None:
    places = [seen_by(eye, TOKENS[f"series-{place}"][theme]) for place in range(1, 9)]
    assert min(math.dist(one, other) for one, other in combinations(places[:5], 2)) > 0.1
    assert min(math.dist(one, other) for one, other in combinations(places, 2)) > 0.07


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_categories_are_told_apart_on_a_grey_print(theme: str) -> None:
    colours = [TOKENS[f"series-{place}"][theme] for place in range(1, 9)]
    assert min(contrast(one, other) for one, other in combinations(colours[:5], 2)) > 1.2
    assert min(contrast(one, other) for one, other in combinations(colours, 2)) > 1.1


def test_the_guide_shows_every_colour_there_is() -> None:
    assert sorted(name for names in COLOURS.values() for name in names) == sorted(TOKENS)


def test_only_tokens_name_colours() -> None:
    for sheet in ("site.css", "admin.css"):
        rules = (STATIC / "css" / sheet).read_text()
        assert re.findall(r"#[0-9a-f]{3,8}\b(?=[;, )])", rules) == []


def test_every_token_that_is_used_exists() -> None:
    declared = set(re.findall(r"^\s+--([\w-]+):", (STATIC / "css" / "tokens.css").read_text(), re.MULTILINE))
    used = set(re.findall(r"var\(--([\w-]+)", (STATIC / "css" / "site.css").read_text()))
    assert used <= declared


def test_every_icon_in_a_template_is_drawn() -> None:
    asked = {
        name
        for template in TEMPLATES.rglob("*.html")
        for name in re.findall(
            r'{% icon "([\w-]+)"|icon_name="([\w-]+)"|action_icon="([\w-]+)"', template.read_text()
        )
        for name in name
        if name
    }
    assert asked <= set(icon_names())


class Inline(HTMLParser):
    """Finds what the content security policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]


def test_the_guide_shows_the_components_without_anything_inline(
    client: Client, sign_in: Callable[..., User]
) -> None:
    sign_in("admin")
    page = client.get("/style/").content.decode()
    for piece in (
        "cards",
        "table-frame",
        "badge",
        "tabs",
        "message-error",
        "has-errors",
        "empty",
        "dialog",
        "poll",
    ):
        assert f'class="{piece}' in page or f" {piece}" in page, piece
    assert '<rect width="100.0%" height="100%"' in page, "the longest bar of a column"
    for name in icon_names():
        assert f"#{name}" in page
    inline = Inline()
    inline.feed(page)
    assert inline.found == []


def test_the_refreshing_piece_answers_htmx_alone(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("admin")
    piece = client.get("/style/", headers={"HX-Request": "true", "X-Background": "1"}).content.decode()
    assert piece.startswith("<p>Counted at")
    assert "<html" not in piece


def test_only_those_who_build_the_site_see_the_guide(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("manager")
    assert client.get("/style/").status_code == 403


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_an_error_page_needs_nothing_but_itself(status: int, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        page = render_to_string(f"{status}.html")
    assert f"{status} " in page
    assert 'data-theme="system"' in page


@pytest.mark.parametrize("mail", ["emails/invitation", "account/email/password_reset_key"])
def test_a_mail_says_the_same_in_text_and_html(mail: str) -> None:
    link = "https://rcm.example/invitation/a-b&c/"
    words = {
        "user": User(name="Maria O'Neil", email="maria@clinic.example"),
        "invited_by": User(name="Amara <Okafor>"),
        "link": link,
        "password_reset_url": link,
        "days": 7,
        "site_name": "Revenue cycle",
    }
    is_reset = mail.startswith("account")
    text = render_to_string(f"{mail}_message.txt" if is_reset else f"{mail}.txt", words)
    html = render_to_string(f"{mail}_message.html" if is_reset else f"{mail}.html", words)
    subject = render_to_string(f"{mail}_subject.txt" if is_reset else f"{mail}.subject.txt", words)
    assert link in text
    assert 'href="https://rcm.example/invitation/a-b&amp;c/"' in html
    assert "Amara <Okafor>" not in html
    assert "\n" not in subject.strip()
