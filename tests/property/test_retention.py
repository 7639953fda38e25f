"""Which versions stay, whatever versions and rules there are."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from davserver.catalog.model import Version
from davserver.upkeep.retention import Rules, fates
from davserver.values import PDH

DAY_NS = 86_400 * 10**9


@st.composite
def histories(draw):
    """Versions in order, some of them tagged, minutes to weeks apart."""
    now_ns = 1_700_000_000 * 10**9
    versions = []
    for number in range(1, draw(st.integers(0, 25)) + 1):
        now_ns += draw(st.integers(1, 3 * DAY_NS)) * draw(st.sampled_from([0, 1, 1, 5]))
        tag = draw(st.sampled_from([{}, {}, {}, {"kept": True}, {"label": f"v{number}"}]))
        pdh = PDH("0" * 32, 0)
        versions.append(
            Version(
                collection_id=1,
                number=number * 2,
                created_ns=now_ns,
                seq=number,
                root="r",
                pdh=pdh,
                files=0,
                bytes=0,
                **tag,
            )
        )
    return versions


COUNTS = st.integers(0, 6)
RULES = st.builds(Rules, last=COUNTS, daily=COUNTS, weekly=COUNTS, monthly=COUNTS)


def staying(versions, rules):
    return [fate.version for fate in fates(versions, rules) if fate.reasons]


def newest_of(versions, count, period):
    """Say it another way: group, keep the newest of each group, then the newest groups."""
    groups = {}
    for version in versions:
        groups[period(datetime.fromtimestamp(version.created_ns // 10**9, UTC))] = version
    return [groups[key] for key in sorted(groups)][-count:] if count else []


@given(histories(), RULES)
def test_each_rule_keeps_what_it_says_and_nothing_else_stays(versions, rules):
    wanted = set()
    if rules.keep_all:
        wanted = {version.number for version in versions}
    for kept in (
        versions[-1:],
        versions[-rules.last :] if rules.last else [],
        [version for version in versions if version.is_tagged],
        newest_of(versions, rules.daily, lambda time: time.date()),
        newest_of(versions, rules.weekly, lambda time: time.isocalendar()[:2]),
        newest_of(versions, rules.monthly, lambda time: (time.year, time.month)),
    ):
        wanted |= {version.number for version in kept}
    assert {version.number for version in staying(versions, rules)} == wanted


@given(histories(), RULES)
def test_what_stayed_stays_when_the_rules_are_applied_again(versions, rules):
    once = staying(versions, rules)
    assert staying(once, rules) == once


@given(histories(), RULES, st.randoms())
def test_the_order_of_the_rows_does_not_matter(versions, rules, random):
    shuffled = list(versions)
    random.shuffle(shuffled)
    assert fates(shuffled, rules) == fates(versions, rules)


@given(RULES)
def test_rules_are_what_was_written(rules):
    assert Rules.from_text(rules.to_text()) == rules
