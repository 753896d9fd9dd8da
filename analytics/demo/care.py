"""What the demo's departments do: procedures with their prices, and how risky each is to be paid for."""

from __future__ import annotations

from dataclasses import dataclass

from claims.models import Claim

Kind = Claim.Kind


@dataclass(frozen=True)
class Service:
    procedure: str
    charge: int  # cents
    weight: int = 10  # how often it is the claim's main service
    risk: float = 1.0  # how much likelier it is denied than others
    needs_authorisation: bool = False
    revenue_code: str = ""
    has_tooth: bool = False
    has_quadrant: bool = False


@dataclass(frozen=True)
class Ward:
    """A department's work."""

    name: str
    share: int
    providers: int
    specialty: str
    services: tuple[Service, ...]
    kind: str = Kind.PROFESSIONAL
    place_of_service: str = "11"
    diagnoses: tuple[str, ...] = ("R69",)
    more_lines: float = 0.45  # how likely each further line is
    lag: int = 3  # days from service to submission


def _costly(procedure: str, charge: int, weight: int, risk: float, revenue_code: str = "") -> Service:
    return Service(procedure, charge, weight, risk, True, revenue_code)


VISIT, LONG_VISIT = Service("99213", 17_800, 20, 0.7), Service("99214", 25_400, 26, 0.9)

WARDS = (
    Ward(
        *("Primary Care", 22, 22, "Family medicine"),
        (
            VISIT,
            LONG_VISIT,
            Service("99396", 24_800, 8, 0.8),
            Service("80053", 8_900, 6, 0.9),
            Service("85025", 6_100, 5, 0.8),
            Service("36415", 2_400, 2, 0.6),
        ),
        diagnoses=("E119", "I10", "J069", "M545", "E785", "Z0000"),
        lag=2,
    ),
    Ward(
        *("Emergency", 13, 16, "Emergency medicine"),
        (
            Service("99283", 68_000, 12, 0.9, revenue_code="0450"),
            Service("99284", 124_000, 14, 1.1, revenue_code="0450"),
            Service("99285", 189_000, 8, 1.3, revenue_code="0450"),
            Service("71045", 13_800, 3, 0.8, revenue_code="0320"),
            Service("12001", 46_000, 3, 1.0, revenue_code="0450"),
        ),
        kind=Kind.INSTITUTIONAL,
        place_of_service="131",
        diagnoses=("R0789", "S0990XA", "R109", "N390", "J189"),
        lag=4,
    ),
    Ward(
        *("Imaging", 13, 10, "Diagnostic radiology"),
        (
            Service("71046", 14_500, 14, 0.7),
            Service("77067", 31_000, 12, 0.8),
            Service("76700", 42_500, 8, 0.9),
            _costly("70553", 285_000, 6, 1.6),
            _costly("72148", 214_000, 7, 1.5),
            _costly("74177", 196_000, 7, 1.4),
        ),
        place_of_service="22",
        diagnoses=("R911", "Z1231", "M5416", "R519", "R1031"),
        more_lines=0.2,
    ),
    Ward(
        *("Cardiology", 10, 13, "Cardiovascular disease"),
        (
            LONG_VISIT,
            Service("93000", 9_500, 14, 0.7),
            Service("93015", 41_000, 5, 1.0),
            _costly("93306", 142_000, 10, 1.2),
            _costly("78452", 298_000, 4, 1.6),
            _costly("93458", 615_000, 2, 1.5),
        ),
        diagnoses=("I2510", "I480", "I5022", "R0602", "I10"),
    ),
    Ward(
        *("Orthopaedics", 9, 12, "Orthopaedic surgery"),
        (
            VISIT,
            Service("20610", 38_500, 10, 1.0),
            Service("73562", 12_400, 8, 0.7),
            _costly("73721", 198_000, 6, 1.5),
            _costly("29881", 465_000, 3, 1.6),
            _costly("27447", 785_000, 2, 1.4),
        ),
        diagnoses=("M1711", "M25561", "S83241A", "M7541"),
        lag=4,
    ),
    Ward(
        *("Paediatrics", 9, 10, "Paediatrics"),
        (
            VISIT,
            Service("99392", 19_800, 12, 0.6),
            Service("90460", 6_200, 8, 0.9),
            Service("87880", 4_800, 7, 0.7),
            Service("94640", 8_500, 3, 0.9),
        ),
        diagnoses=("Z00129", "J029", "H6690", "J4520"),
        lag=2,
    ),
    Ward(
        *("Physiotherapy", 8, 11, "Physical therapy"),
        (
            Service("97110", 9_800, 16, 1.2),
            Service("97140", 9_400, 10, 1.3),
            Service("97161", 18_500, 5, 0.9),
            Service("97530", 10_200, 8, 1.3),
        ),
        diagnoses=("M545", "M25511", "M6281", "Z4789"),
        more_lines=0.62,
        lag=5,
    ),
    Ward(
        *("Oncology", 4, 7, "Medical oncology"),
        (
            _costly("96413", 162_000, 10, 1.2, "0335"),
            _costly("J9271", 1_240_000, 4, 1.7, "0636"),
            Service("99215", 34_000, 10, 0.8, revenue_code="0510"),
            _costly("77263", 148_000, 4, 1.2, "0333"),
        ),
        kind=Kind.INSTITUTIONAL,
        place_of_service="131",
        diagnoses=("C50911", "C3490", "C189", "Z5111"),
        lag=6,
    ),
    Ward(
        *("Surgery", 4, 9, "General surgery"),
        (
            Service("45378", 212_000, 10, 0.9, revenue_code="0750"),
            Service("45385", 298_000, 8, 1.0, revenue_code="0750"),
            _costly("47562", 1_245_000, 4, 1.3, "0360"),
            _costly("49505", 985_000, 3, 1.3, "0360"),
        ),
        kind=Kind.INSTITUTIONAL,
        place_of_service="131",
        diagnoses=("K8020", "K4090", "Z1211", "K635"),
        lag=7,
    ),
    Ward(
        *("Dental", 8, 10, "General dentistry"),
        (
            Service("D0120", 6_400, 16, 0.5),
            Service("D1110", 11_200, 16, 0.6),
            Service("D0274", 7_800, 8, 0.9),
            Service("D2391", 21_500, 10, 1.0, has_tooth=True),
            Service("D4341", 31_000, 5, 1.8, has_quadrant=True),
            Service("D2740", 142_000, 4, 1.9, True, has_tooth=True),
            Service("D3330", 128_000, 3, 1.5, True, has_tooth=True),
            Service("D7140", 24_500, 5, 0.9, has_tooth=True),
        ),
        kind=Kind.DENTAL,
        diagnoses=(),
        more_lines=0.5,
    ),
)
QUADRANTS = ("UR", "UL", "LL", "LR")
