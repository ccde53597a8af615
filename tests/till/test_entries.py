"""Which journal entries a receipt makes, and that each has its exact opposite."""

from datetime import date
from typing import Any

import pytest

from agent.journal.entry import Draft, Entry
from agent.journal.reversing import reversal
from agent.ledger.fold import fold
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts

DAY = date(2026, 11, 24)
FACTS = MemberFacts(
    "m1",
    wallets={"points": WalletFacts([Lot("l1", 100)], usable_offline=0)},
    counts={"stamps": CountFacts(9, DAY, 1, 19)},
    measures={"gold:2026": 500},
    history={"again": ["2026-11-01"]},
    vouchers=[Voucher("coupon", "v1", date(2026, 11, 1), date(2026, 12, 31))],
)
COMMON: dict[str, Any] = {"receipt": "r1", "account": "m1", "at": "2026-11-24T12:00:00+00:00", "actor": "7"}
ENTRIES = [
    Entry("a" * 32, 2, "EARN", **COMMON, part="points/", unit="points", amount=26, lots=[("a-2", 26)]),
    Entry("a" * 32, 3, "REDEEM", **COMMON, part="points/1", unit="points", amount=-30, lots=[("l1", -30)],
          allowance=1),
    Entry("a" * 32, 4, "COUNT", **COMMON, part="stamps",
          data={"rule": "stamps", "units": 1, "rewards": 1, "size": 10, "day": "2026-11-24"}),
    Entry("a" * 32, 5, "COUPON", **COMMON, part="v1", data={"id": "v1", "voucher": "coupon"}),
    Entry("a" * 32, 6, "GIVE", **COMMON, part="stamps",
          data={"kind": "voucher", "name": "tenth-visit", "id": "r1-0", "expires_on": "2026-12-31"}),
    Entry("a" * 32, 7, "GIVE", **COMMON, part="welcome", unit="points", amount=50, lots=[("a-7", 50)],
          data={"kind": "lot", "name": "points", "expires_on": "2026-12-31"}),
    Entry("a" * 32, 8, "LOAD", **COMMON, part="gift/", unit="gift", amount=2500, lots=[("a-8", 2500)]),
    Entry("a" * 32, 9, "MEASURE", **COMMON, part="gold:2026", data={"measure": "gold:2026", "amount": 1250}),
    Entry("a" * 32, 10, "HISTORY", **COMMON, part="again", data={"rule": "again", "value": "2026-11-01"}),
]  # fmt: skip


def as_entry(draft: Draft, seq: int) -> Entry:
    fields = {name: getattr(draft, name) for name in Draft.__struct_fields__}
    return Entry("a" * 32, seq, **fields)


def shown(entries: list[Entry]) -> MemberFacts:
    return fold(FACTS, entries, usable=dict.fromkeys(("points", "gift"), 0), day=DAY)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: f"{one.kind} {one.part}")
def test_an_entry_and_its_reversal_leave_the_member_as_before(entry: Entry) -> None:
    undone = as_entry(reversal(entry, "x"), 99)
    assert shown([entry]) != shown([])
    assert shown([entry, undone]) == shown([])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: f"{one.kind} {one.part}")
def test_a_reversal_names_what_it_undoes_and_carries_it_with_the_other_sign(entry: Entry) -> None:
    undone = reversal(entry, "x")
    assert (undone.kind, undone.part) == ("REVERSE", "x")
    assert (undone.data["undoes"], undone.data["of"]) == (entry.kind, [entry.incarnation, entry.seq])
    assert (undone.account, undone.unit, undone.amount) == (entry.account, entry.unit, -entry.amount)
    assert undone.lots == [(lot, -amount) for lot, amount in entry.lots]
    assert (undone.receipt, undone.at, undone.actor, undone.allowance) == ("r1", entry.at, "7", 0)


def test_the_reversal_of_a_voucher_says_which_one() -> None:
    used, given = reversal(ENTRIES[3], "x").data, reversal(ENTRIES[4], "x").data
    assert (used["id"], used["voucher"]) == ("v1", "coupon")
    assert (given["id"], given["kind"], given["name"]) == ("r1-0", "voucher", "tenth-visit")
    assert reversal(ENTRIES[2], "x").data == {
        "undoes": "COUNT", "of": ["a" * 32, 4], "rule": "stamps", "day": "2026-11-24",
        "units": -1, "rewards": -1, "size": 10,
    }  # fmt: skip
