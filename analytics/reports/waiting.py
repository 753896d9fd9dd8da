"""Whether somebody may wait for a report, or is told before that it takes a while."""

from __future__ import annotations

from ..codes import CODES
from ..facts.tables import TABLES
from ..facts.totals import totals
from ..past.standings import KEPT_KEYS
from ..scopes import CLAIM_FILTERS, FACT_FILTERS
from .answering import is_long
from .asking import ReportQuestion

MOST_READ = 100_000  # claims: to read more of them one by one takes longer than two seconds


def is_quick(asked: ReportQuestion) -> bool:
    """Whether facts tell all of it and it is short, so that whoever asks may as well wait."""
    return _is_in_facts(asked) and not is_long(asked) and not takes_a_while(asked)


def takes_a_while(asked: ReportQuestion) -> bool:
    """Whether it needs so many claims read one by one that a page should not begin with it unasked."""
    return not _is_told_by_sums(asked) and claims_read(asked) > MOST_READ


def claims_read(asked: ReportQuestion) -> int:
    """How many claims there are in its days, whatever only claims tell of them."""
    question = asked.question
    scope = question.scope.narrowed(**dict.fromkeys((*FACT_FILTERS, *CLAIM_FILTERS)))
    periods = [each for each in (question.period, question.against) if each]
    return sum(int(totals(scope, each, ["submitted"])[0].sums["submitted"]) for each in periods)


def _is_in_facts(asked: ReportQuestion) -> bool:
    tables = CODES[asked.code.key].kept_in if asked.code else TABLES
    return any(_told_apart(asked) <= {*each.keys} for each in tables)


def _is_told_by_sums(asked: ReportQuestion) -> bool:
    """Facts do not know how things stood on many days but by payer and department."""
    stood = asked.time is not None and any(each.is_as_of for each in asked.numbers)
    return _is_in_facts(asked) and (not stood or _told_apart(asked) <= KEPT_KEYS)


def _told_apart(asked: ReportQuestion) -> set[str]:
    groups = {each.key for each in asked.groups if not each.is_code and not each.is_time}
    return groups | asked.question.scope.asked
