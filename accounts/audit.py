"""Who did what, when and from where: rows that nobody can change unnoticed.

A row is written with the change it speaks of, in one transaction, and signed with the trail's key. A sealer
then chains the rows, so that none can later be edited, taken out, slipped in or moved without `verify_audit`
naming it; the head of the chain is kept in a second place, which shows a tail cut off.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.http import HttpRequest

from rcm_site.alone import is_alone
from rcm_site.logs import current_request_id

from .models import AuditEntry, AuditSeal, User

log = structlog.get_logger(__name__)

BATCH = 5_000
# Ids commit out of order, so a sealer looks this far back behind the newest sealed entry. What a longer
# transaction still holds back is found by the nightly run, which looks at everything.
LOOK_BACK = 50_000
START_OF_CHAIN = "0" * 64
# Two sealers would give two entries one place. Any number will do, as long as each asks for the same one.
SEALER_LOCK = 7_263_001


def record(
    actor: Any,
    action: str,
    subject: models.Model | None = None,
    *,
    request: HttpRequest | None = None,
    outcome: str = AuditEntry.Outcome.DONE,
    **details: Any,
) -> AuditEntry:
    """Write down what somebody did. Details hold names, ids and counts: never a patient's data."""
    person = actor if isinstance(actor, User) and actor.pk else None
    entry = AuditEntry(
        actor=person,
        actor_name=person.email if person else _storable(str(actor or ""))[:254],
        action=action,
        outcome=outcome,
        subject_type=subject._meta.label_lower if subject else "",
        subject_id=str(subject.pk) if subject else "",
        subject_name=str(subject)[:200] if isinstance(subject, SAFE_TO_NAME) else "",
        address=client_address(request) if request else "",
        request_id=current_request_id(),
        details=_storable(json.loads(json.dumps(details, cls=DjangoJSONEncoder))),
    )
    entry.mac = signature(entry)
    entry.save(force_insert=True)
    return entry


# Whose str() may stand in the trail. A claim or a patient is named by its id alone.
SAFE_TO_NAME: tuple[type[models.Model], ...] = (User,)


def _storable(value: Any) -> Any:
    """What somebody typed into a sign-in form must not keep the trail from being written."""
    match value:
        case str():
            return value.replace("\0", "").encode(errors="replace").decode()
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
    return value


def changes(row: models.Model, new: dict[str, Any]) -> dict[str, list[Any]]:
    """What is about to change, as field -> [old, new]."""
    old = {field: getattr(row, field) for field in new}
    return {field: change_of(row, field, old[field], new[field]) for field in new if old[field] != new[field]}


def change_of(row: models.Model, field: str, old: Any, new: Any) -> list[Any]:
    """Old and new value where the model says that they may be shown; else the field is only named."""
    return [_plain(old), _plain(new)] if field in getattr(row, "AUDIT_VALUES", ()) else []


def _plain(value: Any) -> Any:
    if isinstance(value, models.QuerySet | list):
        return [str(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else str(value)


def page_of(request: Any) -> str:
    """A page by the pattern of its address: an address itself may hold what was searched for."""
    match = request.resolver_match
    return (match.view_name or match.route) if match else ""


def client_address(request: Any) -> str:
    """Where a request came from: counted from the right, past as many proxies as are ours."""
    direct = _address(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if not settings.TRUSTED_PROXIES or len(hops) < settings.TRUSTED_PROXIES:
        return direct
    return _address(hops[-settings.TRUSTED_PROXIES]) or direct


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


# Signatures --------------------------------------------------------------------------------------


def signature(entry: AuditEntry) -> str:
    """Proves that the application wrote this row and that no field of it changed since."""
    fields = [
        str(entry.uid),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.actor_name,
        entry.action,
        str(entry.outcome),
        entry.subject_type,
        entry.subject_id,
        entry.subject_name,
        entry.address,
        entry.request_id,
        entry.details,
    ]
    return _mac(json.dumps(fields, sort_keys=True, ensure_ascii=True))


def link(previous: str, position: int, entry: AuditEntry) -> str:
    """Binds an entry to its place and to everything sealed before it."""
    return _mac(f"{previous}:{position}:{entry.pk}:{entry.mac}")


def _mac(text: str) -> str:
    return hmac.new(settings.AUDIT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


# Sealing -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Head:
    """Where the chain ends."""

    position: int
    mac: str

    def proof(self) -> str:
        return _mac(f"head:{self.position}:{self.mac}")


def seal(*, look_back: int | None = LOOK_BACK) -> int:
    """Chain the entries that are not in the chain yet; how many those were."""
    sealed = 0
    while batch := _seal_batch(look_back):
        sealed += batch
    return sealed


def _seal_batch(look_back: int | None) -> int:
    with transaction.atomic():
        if not is_alone(SEALER_LOCK):
            return 0
        last = AuditSeal.objects.order_by("position").last()
        position, mac = (last.position, last.mac) if last else (0, START_OF_CHAIN)
        seals = []
        newest = AuditSeal.objects.aggregate(newest=models.Max("entry_id"))["newest"] or 0
        for entry in unsealed(after=newest - look_back if look_back else 0).order_by("id")[:BATCH]:
            position += 1
            mac = link(mac, position, entry)
            seals.append(AuditSeal(position=position, entry_id=entry.pk, mac=mac))
        AuditSeal.objects.bulk_create(seals, batch_size=500)
    if seals:
        write_head(Head(position, mac))
    return len(seals)


def unsealed(*, after: int = 0) -> models.QuerySet[AuditEntry]:
    sealed = AuditSeal.objects.filter(entry_id=models.OuterRef("pk"))
    return AuditEntry.objects.filter(~models.Exists(sealed), pk__gt=after)


def write_head(head: Head) -> None:
    """Keep the head outside the database, and in the log, which is often shipped elsewhere still."""
    path = Path(settings.AUDIT_HEAD_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    aside.write_text(json.dumps({**asdict(head), "proof": head.proof()}))
    aside.replace(path)
    log.info("audit_sealed", position=head.position, mac=head.mac)


def read_head() -> Head | None:
    """The head as it was written outside; a forged one counts as none."""
    try:
        kept = json.loads(Path(settings.AUDIT_HEAD_FILE).read_text())
        head = Head(kept["position"], kept["mac"])
        return head if hmac.compare_digest(kept["proof"], head.proof()) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


# Verifying ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    checked: int
    unsealed: int
    problems: list[str]


def verify() -> Verdict:
    """Walk the whole chain and name each row at which it does not hold."""
    head, end = read_head(), Head(0, START_OF_CHAIN)
    problems: list[str] = []
    checked = 0
    for sealed, entry in _chain():
        problems += _problems_at(end, sealed, entry)
        checked += entry is not None
        end = Head(sealed.position, sealed.mac)
        if head and head.position == end.position and head.mac != end.mac:
            problems.append(f"Place {end.position}: not what the head file says.")
    problems += _problems_with_head(head, end)
    waiting = 0
    for waiting, entry in enumerate(unsealed().order_by("id").iterator(), 1):  # noqa: B007 - counts
        if not is_genuine(entry):
            problems.append(f"Entry {entry.pk} (not sealed yet): {FORGED}")
    return Verdict(checked, waiting, problems)


FORGED = "edited, or not written by the site."


def is_genuine(entry: AuditEntry) -> bool:
    return hmac.compare_digest(signature(entry), entry.mac)


def _problems_at(end: Head, sealed: AuditSeal, entry: AuditEntry | None) -> Iterator[str]:
    place = sealed.position
    if place != end.position + 1:
        yield f"Place {end.position + 1} to {place - 1} of the chain: taken out."
    if entry is None:
        yield f"Entry {sealed.entry_id} (place {place}): deleted."
        return
    if not is_genuine(entry):
        yield f"Entry {entry.pk} (place {place}): {FORGED}"
    if link(end.mac, place, entry) != sealed.mac:
        yield f"Entry {entry.pk} (place {place}): not the entry sealed here."


def _problems_with_head(head: Head | None, end: Head) -> Iterator[str]:
    where = settings.AUDIT_HEAD_FILE
    if head is None and end.position:
        yield f"Head file {where}: missing or forged, so a cut tail would not show."
    if head and head.position > end.position:
        yield f"Tail cut off: the chain ends at place {end.position}, the head file knows {head.position}."


def _chain() -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    """The seals in order, each with its entry, a batch at a time."""
    after = 0
    while seals := list(AuditSeal.objects.filter(position__gt=after).order_by("position")[:BATCH]):
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for sealed in seals:
            yield sealed, entries.get(sealed.entry_id)
        after = seals[-1].position
