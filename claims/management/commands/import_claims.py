"""Take files in from the shell, the same way as from the page: kept, checked, stored once, audited."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.models import Department, User
from claims.imports import control
from claims.imports.loading import load
from claims.imports.recognise import FileKind
from claims.imports.records import Kind, Unreadable
from claims.imports.rules import Grouping
from claims.imports.uploads import SentBefore, TooLarge, UploadOptions, receive
from claims.models import Import, ImportProblem

PROBLEMS_SHOWN = 20
BAR = 30


class Command(BaseCommand):
    help = (
        "Takes files of claims, remittances, acknowledgements or staff activity in; fails if any is refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--user", required=True, metavar="EMAIL", help="who sends them: it decides for whom"
        )
        parser.add_argument(
            "--kind", choices=list(FileKind), default="", help="instead of telling by content"
        )
        parser.add_argument(
            "--grouping",
            choices=list(Grouping),
            default="",
            help="what claim lines without claim numbers are: one claim a file (default) or a row",
        )
        parser.add_argument(
            "--claim-kind", choices=list(Kind), default="", help="of claims that do not say theirs"
        )
        parser.add_argument("--sender", default="", help="whose control numbers these are")
        parser.add_argument("--department", default="", metavar="NAME", help="of claims that name none")
        parser.add_argument("--whole", action="store_true", help="take each file whole or not at all")
        parser.add_argument("--again", action="store_true", help="although the same file was sent before")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = _user(options["user"])
        asked = UploadOptions(
            kind=options["kind"],
            grouping=options["grouping"],
            claim_kind=options["claim_kind"],
            taking=Import.Taking.WHOLE if options["whole"] else Import.Taking.GOOD_CLAIMS,
            sender=options["sender"],
            department=_department(options["department"], actor),
            again=options["again"],
        )
        failed = sum([not self._import(path, asked, actor) for path in options["files"]])
        if failed:
            raise CommandError(f"{failed} of {len(options['files'])} files were refused, in part or whole.")

    def _import(self, path: Path, asked: UploadOptions, actor: User) -> bool:
        """Whether all of a file was taken in."""
        try:
            with path.open("rb") as file:
                source = receive(file, path.name, asked=asked, actor=actor)
        except OSError as error:
            self.stdout.write(f"{path}: {error.strerror}")
        except SentBefore as before:
            self.stdout.write(f"{path}: was sent before, as {before.first}; --again sends it again")
        except Unreadable as unreadable:
            self.stdout.write(f"{path}: at {unreadable.place}: {unreadable.reason}")
        except TooLarge as too_large:
            self.stdout.write(f"{path}: {too_large}")
        else:
            with self._shown(source):
                _take_in(source)
            return self._summary(path, source)
        return False

    @contextmanager
    def _shown(self, source: Import) -> Iterator[None]:
        """A bar while the import runs, where somebody looks at a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        is_over = Event()
        bar = Thread(target=self._draw, args=(source.pk, is_over), daemon=True)
        bar.start()
        try:
            yield
        finally:
            is_over.set()
            bar.join()
            self.stderr.write("", ending="\r\x1b[K")

    def _draw(self, pk: Any, is_over: Event) -> None:
        try:
            while not is_over.wait(0.5):
                seen = control.progress(Import.objects.get(pk=pk))
                filled = "█" * round(BAR * seen.share)
                left = f", {seen.seconds_left} s left" if seen.seconds_left is not None else ""
                rate = f", {seen.rate:,.0f} a second" if seen.rate else ""
                line = f"{seen.words} {filled:░<{BAR}} {seen.share:.0%}{rate}{left}"
                self.stderr.write(f"\r\x1b[K{line}", ending="")
        finally:
            connection.close()

    def _summary(self, path: Path, source: Import) -> bool:
        counts = {
            "claims": source.claims_stored,
            "lines": source.lines_stored,
            "payments": source.payments_stored,
            "others": source.others_stored,
            "duplicates": source.duplicates,
            "warnings": source.warnings,
            "refused": source.refused,
        }
        said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        state = source.get_state_display().lower()
        self.stdout.write(f"{path}: {state} in {source.seconds:.1f} s ({source}): {said or 'nothing'}")
        if source.reason:
            self.stdout.write(f"  {source.reason}")
        errors = ImportProblem.objects.filter(source=source, severity=ImportProblem.Severity.ERROR)
        for problem in errors[:PROBLEMS_SHOWN]:
            inner = f"{problem.file}, " if problem.file != source.name else ""
            self.stdout.write(f"  {inner}at {problem.place}: {problem.field} {problem.reason}")
        if source.refused > PROBLEMS_SHOWN:
            self.stdout.write("  … and more: the import's page lists them")
        return source.state == Import.State.DONE and not source.refused


def _take_in(source: Import) -> None:
    """Here, unless a worker was quicker: then watch it to its end."""
    while not load(source).is_over and source.state != Import.State.PAUSED:
        time.sleep(0.5)


def _user(email: str) -> User:
    user = User.objects.active().filter(email=email.strip().lower()).first()
    if user is None:
        raise CommandError("There is no active person with this e-mail.")
    if not user.has_perm("claims.add_import"):
        raise CommandError("This person may not send files.")
    return user


def _department(name: str, actor: User) -> Department | None:
    if not name:
        return None
    department = Department.objects.visible_to(actor).filter(name=name).first()
    if department is None:
        raise CommandError("This is not one of the person's departments.")
    return department
