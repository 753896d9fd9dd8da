"""Makes up files to measure with: the same ones each time, of any size, about nobody."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINES_OF_A_CLAIM = 4
PROVIDERS = 5_000
PLANS = 60
MEMBERS = 100_000
HEADER = (
    "claim number,payer,service date,submitted procedure,quadrant,Plan/Group #,Subscriber#,Provider NPI,"
    "provider fees,Allowed fees,member coinsurance,member copay\r\n"
)
ISA = (
    "ISA*00*          *00*          *ZZ*CLINIC         *ZZ*CLEARINGHOUSE  "
    "*260302*0915*^*00501*000000101*0*T*:~\n"
)


@dataclass(frozen=True)
class MadeUpLine:
    day: tuple[int, int]
    npi: str
    fees: int
    allowed: int
    coinsurance: int
    copay: int


@dataclass(frozen=True)
class MadeUpClaim:
    number: int
    plan: int
    member: int
    lines: list[MadeUpLine]


def claims(count: int) -> Iterator[MadeUpClaim]:
    chance = random.Random(7)  # noqa: S311 - files to measure with are no secrets
    pick = chance.randrange
    for number in range(count):
        member = pick(MEMBERS)
        npi, day = 1_000_000_000 + 7 * pick(PROVIDERS), (pick(1, 13), pick(1, 29))
        lines = []
        for position in range(LINES_OF_A_CLAIM):
            is_other = position == LINES_OF_A_CLAIM - 1
            rendering = 1_000_000_000 + 7 * pick(PROVIDERS) if is_other else npi
            fees = pick(20_00, 900_00)
            lines.append(
                MadeUpLine(day, str(rendering), fees, pick(10_00, fees), pick(50_00), pick(50) * 100)
            )
        yield MadeUpClaim(number, member % PLANS, member, lines)


def write_claim_lines(path: Path, lines: int) -> None:
    """A claim-line CSV as dental offices send it, amounts with dollar signs and all."""
    with path.open("w", newline="") as file:
        file.write(HEADER)
        for claim in claims(lines // LINES_OF_A_CLAIM):
            parties = f"GRP-{claim.plan:03d},{1_000_000_000 + claim.member}"
            for position, line in enumerate(claim.lines):
                month, day = line.day
                file.write(
                    f"PCN{claim.number:08d},Payer {claim.plan},{month}/{day}/25 0:00,"
                    f"D{1000 + claim.number % 9000},{('', 'UR', 'LL', 'UL')[position]},{parties},{line.npi},"
                    f'"${line.fees / 100:,.2f} ",${line.allowed / 100:.2f} ,'
                    f"${line.coinsurance / 100:.2f} ,${line.copay / 100:.2f} \r\n"
                )


def write_837(path: Path, lines: int) -> int:
    """The same claims as professional ones; how many segments that makes."""
    count = 4
    with path.open("w", newline="") as file:
        file.write(f"{ISA}GS*HC*CLINIC*CLEARINGHOUSE*20260302*0915*101*X*005010X222A1~\n")
        file.write("ST*837*0001*005010X222A1~\nBHT*0019*00*B101*20260302*0915*CH~\n")
        file.write("HL*1**20*1~\nNM1*85*2*CLINIC*****XX*1234567893~\n")
        for claim in claims(lines // LINES_OF_A_CLAIM):
            segments = _segments(claim)
            count += len(segments)
            file.write("~\n".join(segments) + "~\n")
        file.write(f"SE*{count + 1}*0001~\nGE*1*101~\nIEA*1*000000101~\n")
    return count + 5


def _segments(claim: MadeUpClaim) -> list[str]:
    total = sum(line.fees for line in claim.lines) / 100
    segments = [
        f"HL*{claim.number + 2}*1*22*0",
        f"SBR*P*18*GRP-{claim.plan:03d}******CI",
        f"NM1*IL*1*FAMILY{claim.member}*GIVEN****MI*{1_000_000_000 + claim.member}",
        "DMG*D8*19700514*F",
        f"NM1*PR*2*PAYER {claim.plan}*****PI*P{claim.plan:04d}",
        f"CLM*X{claim.number:08d}*{total:.2f}***11:B:1*Y*A*Y*Y",
        "HI*ABK:E119*ABF:I10",
        f"NM1*82*1*DOCTOR*SOME****XX*{claim.lines[0].npi}",
    ]
    for number, line in enumerate(claim.lines, start=1):
        month, day = line.day
        segments += [
            f"LX*{number}",
            f"SV1*HC:99213:25*{line.fees / 100:.2f}*UN*1***1",
            f"DTP*472*D8*2025{month:02d}{day:02d}",
            f"REF*6R*X{claim.number:08d}-{number}",
        ]
    return segments
