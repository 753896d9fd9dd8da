"""How rows are looked for ends with the look: what else is asked in a transaction is planned as ever."""

import pytest
from django.db import connection, transaction

from rcm_site.planning import found_one_by_one, never_read_whole


def planned() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_seqscan'), current_setting('random_page_cost')")
        seqscan, cost = cursor.fetchone()
    return seqscan, cost


@pytest.mark.django_db
def test_it_ends_within_a_longer_transaction_too():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is not told how to look")
    before = planned()
    with never_read_whole(), found_one_by_one():
        assert planned() == ("off", "1.1") != before
    assert planned() == before


@pytest.mark.django_db
def test_a_look_within_another_leaves_it_as_it_was():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is not told how to look")
    with never_read_whole():
        outer = planned()
        with never_read_whole(), found_one_by_one():
            pass
        assert planned() == outer
        assert outer[0] == "off"


@pytest.mark.django_db
def test_it_ends_with_a_look_that_failed():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is not told how to look")
    before = planned()
    with pytest.raises(ZeroDivisionError), transaction.atomic(), never_read_whole():
        raise ZeroDivisionError
    assert planned() == before
