"""Texts are copied into a file as they are only where nothing about them has to be looked at."""

import pytest

from rcm_site.cells import are_plain


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "  =1",
        "＝1",
        "-1",
        "@x",
        "a,b",
        "two\nlines",
        "\t",
        "x ",
        " x",
        "\0",
        "\ud800",
        "\ufffe",
        "\xa0x",
        7,
        None,
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_odd_text_among_others_is_noticed_wherever_it_stands(text: object, place: int) -> None:
    said: list[object] = ["Ana", "Ben"]
    said.insert(place, text)
    assert not are_plain(said, ",")


def test_texts_without_anything_odd_are_plain() -> None:
    assert are_plain(["Ana", "", "C-12", "b=c", "Zoë + Ben", "a_b"], ',"')
    assert not are_plain(["Ana", "a_b"], "_")
