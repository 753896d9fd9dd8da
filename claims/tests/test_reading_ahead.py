"""Reading ahead: in order, over a connection that is given back, seeing what its transaction wrote."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest
from django.db import connection

from claims.models import Payer
from claims.reading_ahead import read_ahead
from rcm_site.testing.makers import make_payer

on_server = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="Only a server works beside us.")


def names(starts: str) -> list[str]:
    return [*Payer.objects.filter(name__startswith=starts).values_list("name", flat=True)]


@pytest.mark.django_db(transaction=True)
def test_parts_come_in_their_order() -> None:
    for name in ("Aetna", "Cigna", "Humana"):
        make_payer(name)
    assert list(read_ahead(names, ["H", "X", "A", "C"])) == [["Humana"], [], ["Aetna"], ["Cigna"]]
    assert list(read_ahead(names, [])) == []


@pytest.mark.django_db
def test_what_a_transaction_wrote_is_read_within_it() -> None:
    make_payer("Aetna")
    assert list(read_ahead(names, ["A", "A"])) == [["Aetna"], ["Aetna"]]


@on_server
@pytest.mark.django_db(transaction=True)
def test_the_next_part_is_read_while_the_one_before_is_in_use_and_no_further() -> None:
    begun = [Event(), Event(), Event()]

    def read(part: int) -> int:
        begun[part].set()
        return part

    reading = read_ahead(read, range(3))
    assert next(reading) == 0
    assert begun[1].wait(5)
    assert not begun[2].is_set()
    reading.close()
    assert not begun[2].is_set()


def to_the_end(read: Callable[[str], list[str]]) -> None:
    list(read_ahead(read, ["A", "B"]))


def given_up(read: Callable[[str], list[str]]) -> None:
    next(read_ahead(read, ["A", "B", "C"]))


def broken_off(read: Callable[[str], list[str]]) -> None:
    def broken(part: str) -> list[str]:
        read(part)
        raise LookupError(part)

    with pytest.raises(LookupError, match="A"):
        next(read_ahead(broken, ["A", "B"]))


@on_server
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [to_the_end, given_up, broken_off])
def test_its_connection_is_closed_however_it_ends(end: Callable[[Callable[[str], list[str]]], None]) -> None:
    used = []

    def read(part: str) -> list[str]:
        found = names(part)
        used.append(connection.connection)
        return found

    end(read)
    assert all(each.closed for each in used)
    make_payer("Over our own, which is open still")
    assert connection.connection not in used
