"""Tables on pages: sorting by allowed names only, pages without a count."""

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.models import Department
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.rows import table_rows

pytestmark = pytest.mark.django_db

COLUMNS = [
    Column("name", "Name", lambda row: row.name, sort="name"),
    Column("length", "Length", lambda row: str(len(row.name)), numeric=True),
    Column("state", "State", lambda row: Cell("On", badge="paid")),
]


def table(query: str = "", **options: Any) -> Table:
    options = {"default_sort": "name"} | options
    return Table(RequestFactory().get(f"/{query}"), Department.objects.all(), COLUMNS, **options)


def names(shown: Table) -> list[str]:
    return [row.cells[0].text for row in shown.rows]


@pytest.fixture
def sixty(db: None) -> None:
    Department.objects.bulk_create(Department(name=f"D{number:02}") for number in range(60))


def test_pages_follow_one_another_without_gaps(sixty: None) -> None:
    first, second, third = table(), table("?page=2"), table("?page=3")
    assert names(first) + names(second) + names(third) == [f"D{number:02}" for number in range(60)]
    assert (first.previous_url, first.next_url) == (None, "?page=2")
    assert (third.previous_url, third.next_url) == ("?page=2", None)
    assert (first.range_text, third.range_text) == ("1–25, and more", "51–60")


def test_a_table_that_shows_all_its_rows_says_how_many_they_are(sixty: None) -> None:
    assert table("?size=100").range_text == "60 rows"
    Department.objects.exclude(name="D00").delete()
    assert table().range_text == "1 row"


def test_one_query_a_page(sixty: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        table("?page=2")


def test_a_heading_sorts_and_turns_round(sixty: None) -> None:
    shown = table("?sort=-name&page=2&person=x")
    assert names(shown)[0] == "D34"
    name, length, _ = shown.columns
    assert (name.sorted, name.sort_url) == ("desc", "?person=x&sort=name")
    assert (length.sorted, length.sort_url, length.numeric) == ("", None, True)


@pytest.mark.parametrize(
    "sort", ["length", "password", "-members__password", "name;drop table", "?", "--name", ""]
)
def test_what_is_not_a_sortable_column_sorts_as_by_default(sixty: None, sort: str) -> None:
    assert names(table(f"?sort={sort}"))[0] == "D00"


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "９", "99999999999999999999", "2.5"])
def test_a_page_that_is_none_is_the_first_one(sixty: None, page: str) -> None:
    assert table(f"?page={page}").range_text == "1–25, and more"


def test_a_page_past_the_end_is_empty_and_leads_back(sixty: None) -> None:
    shown = table("?page=9")
    assert (shown.rows, shown.range_text, shown.previous_url) == ([], "", "?page=8")


def test_only_the_offered_sizes_are_taken(sixty: None) -> None:
    assert len(table("?size=50").rows) == 50
    assert len(table("?size=5000").rows) == 25
    assert [(link.label, link.is_current) for link in table("?size=50").size_links] == [
        ("25", False),
        ("50", True),
        ("100", False),
    ]


def test_cells_carry_alignment_and_badges(sixty: None) -> None:
    row = table(link=lambda department: f"/{department.pk}/").rows[0]
    assert [cell.numeric for cell in row.cells] == [False, True, False]
    assert row.cells[2].badge == "paid"
    assert row.url == f"/{Department.objects.get(name='D00').pk}/"


def test_only_what_is_too_long_for_a_line_may_be_broken_anywhere(db: None) -> None:
    Department.objects.create(name="Cardiology")
    Department.objects.create(name="Paediatric Cardiothoracic Surgery of the North Wing")
    short, long = str(table_rows(table())).splitlines()
    assert '<th scope="row">Cardiology' in short
    assert '<th scope="row" class="long-name">Paediatric' in long
