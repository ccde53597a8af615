"""Facts in few bytes: what is at its default is left out, and everything comes back."""

from datetime import UTC, date, datetime

import pytest

from agent.loyalty.compact import compact, expand
from agent.loyalty.member import CountFacts, Lot, MemberEvent, MemberFacts, Voucher, WalletFacts

FULL = MemberFacts(
    "m1",
    status="blocked",
    segments=["loyal"],
    events=[MemberEvent("birthday", date(2026, 11, 24), date(2026, 11, 25))],
    of_age_from={"18": date(2020, 1, 1)},
    wallets={"points": WalletFacts([Lot("l1", 5, None, date(2027, 1, 31)), Lot("l2", 7)])},
    counts={"stamps": CountFacts(3, date(2026, 11, 1), 1, 13)},
    measures={"gold:2026": 12_345},
    history={"tea": ["2026-11-01"]},
    vouchers=[Voucher("drink", "v1", None, None, datetime(2026, 11, 24, 12, tzinfo=UTC))],
)


@pytest.mark.parametrize("facts", [MemberFacts("m1"), FULL])
def test_facts_come_back_as_they_were(facts: MemberFacts) -> None:
    assert expand(compact(facts)) == facts


def test_what_a_usual_member_has_takes_few_bytes() -> None:
    usual = MemberFacts(
        "m" * 24, wallets={"points": WalletFacts([Lot("import", 1234, None, date(2027, 1, 31))])}
    )
    assert len(compact(usual)) <= 100
