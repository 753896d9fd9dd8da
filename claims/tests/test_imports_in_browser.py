"""A biller sends files, watches them, mends what was refused and sends it again, in a real browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from claims.imports import loading
from claims.models import Claim
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_department, make_user

pytestmark = BROWSER

HEAD = "patient id,procedure code,payer,expected amount,status,submitted,external id\n"
GOOD = HEAD + "P-1,99213,Northern Health,120.00,submitted,2026-02-03,X-1\n"
BROKEN = HEAD + (
    "P-2,99213,Northern Health,12o.00,submitted,2026-02-03,X-2\n"
    "P-3,99214,Northern Health,180.00,submitted,2026-02-04,X-3\n"
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {"good.csv": GOOD, "broken.csv": BROKEN, "scan.pdf": "%PDF-1.7 scan"}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    return {name: tmp_path / name for name in contents}


def choose(page: Page, *paths: Path) -> None:
    page.locator('input[type="file"]').set_input_files([str(path) for path in paths])


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


def mend(page: Page, path: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name="Refused rows, to mend").click()
    path.write_text(Path(download.value.path()).read_text("utf-8-sig").replace("12o.00", "120.00"))
    return path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_files_are_sent_watched_mended_and_sent_again(
    open_window: Callable[..., Visit], files: dict[str, Path], tmp_path: Path, theme: str
) -> None:
    visit = open_window(color_scheme=theme)
    page = visit.sign_in(make_user("biller", departments=[make_department("Cardiology")], theme=theme))
    visit.go("/imports/new/")
    choose(page, *files.values())
    expect(page.get_by_role("button", name="Remove scan.pdf")).to_be_visible()
    assert visit.accessibility_problems() == []
    send(page)
    expect(page.get_by_text("The file is a PDF: send the file that it was made of.")).to_be_visible()
    expect(page.get_by_role("link", name="Watch it come in")).to_have_count(2)
    assert visit.accessibility_problems() == []
    page.get_by_role("link", name="Watch it come in").nth(1).click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    assert visit.accessibility_problems() == []
    loading.load_waiting(seconds=30)
    expect(page.get_by_text("1 refused: mend and send them again.")).to_be_visible()
    assert visit.accessibility_problems() == []
    mended = mend(page, tmp_path / "mended.csv")
    visit.go("/imports/new/")
    choose(page, mended)
    send(page)
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    loading.load_waiting(seconds=30)
    expect(page.get_by_text("Everything in it was taken.")).to_be_visible()
    assert sorted(Claim.objects.values_list("control_number", flat=True)) == ["X-1", "X-2", "X-3"]


def test_a_file_that_was_sent_before_is_sent_again_by_one_click(
    window: Visit, files: dict[str, Path]
) -> None:
    page = window.sign_in(make_user("biller", departments=[make_department("Cardiology")]))
    window.go("/imports/new/")
    choose(page, files["good.csv"])
    send(page)
    page.wait_for_url("**/imports/*-*/")
    window.go("/imports/new/")
    choose(page, files["good.csv"])
    send(page)
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("link", name="Watch it come in")).to_be_visible()


def test_without_scripts_files_are_sent_paused_and_mended_too(
    open_window: Callable[..., Visit], files: dict[str, Path], tmp_path: Path
) -> None:
    visit = open_window(java_script_enabled=False, accept_downloads=True)
    page = visit.sign_in(make_user("biller", departments=[make_department("Cardiology")]))
    visit.go("/imports/new/")
    choose(page, *files.values())
    send(page)
    expect(page.get_by_text("The file is a PDF: send the file that it was made of.")).to_be_visible()
    page.get_by_role("link", name="Watch it come in").nth(1).click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: nothing more is stored until somebody resumes it.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    loading.load_waiting(seconds=30)
    page.reload()
    mended = mend(page, tmp_path / "mended.csv")
    visit.go("/imports/new/")
    choose(page, mended)
    send(page)
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    loading.load_waiting(seconds=30)
    page.reload()
    expect(page.get_by_text("Everything in it was taken.")).to_be_visible()
    assert Claim.objects.count() == 3
