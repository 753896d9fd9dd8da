"""`manage.py import_claims`: files taken in from the shell, to the end, and once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from claims.models import Claim, ClaimPayment, Import
from rcm_site.testing.makers import make_department, make_user

from .sample_files import SAMPLES, shared

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    make_department("Cardiology")
    return make_user("admin")


def run(admin: User, *files: Path, **options: Any) -> None:
    call_command("import_claims", *map(str, files), user=admin.email, **options)


def test_the_canonical_claim_file_comes_in_with_its_net_fee(admin: User, capsys: Any) -> None:
    run(admin, shared("claim_csv/01-canonical-10col-mixed-case-trailing-space.csv"))
    assert sum(line.net_fee for line in Claim.objects.get().lines.all()) == Decimal("116.85")
    assert "done" in capsys.readouterr().out


def test_a_file_of_claims_comes_in_with_its_payments(admin: User) -> None:
    run(admin, SAMPLES / "claims.csv")
    assert Claim.objects.count() == 3
    assert ClaimPayment.objects.get().paid == Decimal("118.50")


def test_what_is_refused_is_told_and_the_command_fails(admin: User, tmp_path: Path, capsys: Any) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text((SAMPLES / "claim_lines.csv").read_text().replace("D4346", "4346"))
    with pytest.raises(CommandError, match="1 of 1"):
        run(admin, bad)
    said = capsys.readouterr().out
    assert "submittedProcedure must be a D and 4 digits" in said
    assert "5006007008" not in said


def test_the_same_file_is_not_taken_twice_unless_it_is_meant(admin: User, capsys: Any) -> None:
    run(admin, SAMPLES / "claim_lines.csv")
    with pytest.raises(CommandError):
        run(admin, SAMPLES / "claim_lines.csv")
    assert "--again" in capsys.readouterr().out
    run(admin, SAMPLES / "claim_lines.csv", again=True)
    assert Import.objects.count() == 2
    assert Claim.objects.count() == 2


def test_who_may_send_no_files_cannot_do_it_from_the_shell_either() -> None:
    with pytest.raises(CommandError, match="may not send files"):
        run(make_user("analyst"), SAMPLES / "claims.csv")


def test_nonsense_is_refused_and_nothing_of_it_is_kept(admin: User, tmp_path: Path) -> None:
    nonsense = tmp_path / "letter.pdf"
    nonsense.write_bytes(b"%PDF-1.7 dear colleague")
    with pytest.raises(CommandError):
        run(admin, nonsense)
    assert not Import.objects.exists()
