"""Points to spend, asked for while the customer unpacks: given once, kept durably, never guessed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agent.errors import Unreachable
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.member import MemberFacts
from agent.sync.allowance import ask_allowances, look_up
from agent.sync.wire import (
    Allowance,
    AllowanceRequest,
    Deny,
    LotSlice,
    MemberRequest,
    MemberRow,
    NoMember,
    Retry,
)
from tests.sync.till import StandingClock, kinds

pytestmark = pytest.mark.anyio
MakeLedger = Callable[..., Ledger]


class Giver:
    """A head office that gives 10 points per new request, and can lose its replies."""

    def __init__(self, clock: StandingClock, *, honoured_s: float = 3600) -> None:
        self._clock = clock
        self._honoured_s = honoured_s
        self.given: dict[str, Allowance] = {}
        self.loses_replies = False
        self.says: Any = None
        self.deadlines: list[float | None] = []

    async def send(self, message: Any, _: Any, *, deadline_s: float | None = None) -> Any:
        self.deadlines.append(deadline_s)
        if self.says is not None:
            return self.says
        if isinstance(message, MemberRequest):
            return MemberRow("m1", 1, [message.card_tag], MemberFacts(member="m1"))
        assert isinstance(message, AllowanceRequest)
        until_ms = int((self._clock.now().timestamp() + self._honoured_s) * 1000)
        number = len(self.given) + 1
        allowance = Allowance(
            message.incarnation, number, message.member, message.wallet, 10, [LotSlice("l", 10)], until_ms
        )
        answer = self.given.setdefault(message.request_id, allowance)
        if self.loses_replies:
            raise Unreachable("the reply was lost")
        return answer


def spendable(ledger: Ledger, clock: StandingClock) -> dict[str, int]:
    return ledger.read.usable("m1", clock.now().date())


async def ask(ledger: Ledger, giver: Giver, *wallets: str, **more: str) -> int:
    asked = await ask_allowances(
        ledger,
        giver,
        "m1",
        wallets or ("points",),
        deadline_s=0.3,
        **more,  # type: ignore[arg-type]
    )
    return asked.given


async def test_what_is_given_can_be_spent_here(make_ledger: MakeLedger, clock: StandingClock) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    assert await ask(ledger, giver, "points", "gift") == 2
    assert spendable(ledger, clock) == {"points": 10, "gift": 10}
    assert giver.deadlines == [0.3, 0.3]


async def test_a_lost_reply_gives_nothing_now_and_the_same_allowance_later(
    make_ledger: MakeLedger, clock: StandingClock
) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    giver.loses_replies = True
    assert await ask(ledger, giver) == 0
    assert spendable(ledger, clock) == {}
    giver.loses_replies = False
    assert await ask(ledger, giver) == 1
    assert len(giver.given) == 1
    assert spendable(ledger, clock) == {"points": 10}


async def test_after_an_answer_the_next_question_is_a_new_one(
    make_ledger: MakeLedger, clock: StandingClock
) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    assert await ask(ledger, giver) + await ask(ledger, giver) == 2
    assert [one.number for one in giver.given.values()] == [1, 2]


async def test_two_reads_at_once_are_given_one_allowance(
    make_ledger: MakeLedger, clock: StandingClock
) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    assert sum(await asyncio.gather(ask(ledger, giver), ask(ledger, giver))) == 1
    assert spendable(ledger, clock) == {"points": 10}


async def test_an_allowance_that_came_too_late_to_be_spent_is_given_back(
    make_ledger: MakeLedger, clock: StandingClock
) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    giver.loses_replies = True
    await ask(ledger, giver)
    clock.pass_s(4000)
    giver.loses_replies = False
    assert await ask(ledger, giver) == 0
    assert kinds(ledger) == ["CLOSE"]
    assert await ask(ledger, giver) == 1


@pytest.mark.parametrize(
    "says",
    [
        Deny("too_few"),
        Retry(100),
        Allowance("cd" * 16, 1, "m1", "points", 10, [LotSlice("l", 10)], 2**50),
        Allowance("a" * 32, 1, "m2", "points", 10, [LotSlice("l", 10)], 2**50),
        Allowance("a" * 32, 1, "m1", "gift", 10, [LotSlice("l", 10)], 2**50),
    ],
    ids=["denied", "busy", "for another journal", "for another member", "for another wallet"],
)
async def test_nothing_else_can_be_spent(says: Any, make_ledger: MakeLedger, clock: StandingClock) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    giver.says = says
    assert await ask(ledger, giver) == 0
    assert spendable(ledger, clock) == {}


async def test_a_caller_may_name_its_request(make_ledger: MakeLedger, clock: StandingClock) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    await ask(ledger, giver, request_id="read-7")
    assert list(giver.given) == ["read-7/points"]


async def test_spent_points_stay_spent_when_the_answer_comes_again(
    make_ledger: MakeLedger, clock: StandingClock
) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    await ask(ledger, giver, request_id="read-7")

    def spend(tx: Transaction) -> None:
        common: dict[str, Any] = {"receipt": "r", "part": "points/1", "account": "m1", "unit": "points"}
        tx.append(Draft("REDEEM", **common, amount=-4, lots=[("l", -4)], allowance=1))

    ledger.write(spend).result()
    assert await ask(ledger, giver, request_id="read-7") == 0
    assert spendable(ledger, clock) == {"points": 6}


async def test_a_card_is_looked_up(make_ledger: MakeLedger, clock: StandingClock) -> None:
    ledger, giver = make_ledger(), Giver(clock)
    found = await look_up(ledger, giver, b"t" * 16, deadline_s=0.3)
    assert found is not None
    assert found.card_tags == [b"t" * 16]
    for nobody in (NoMember(), Retry(1)):
        giver.says = nobody
        assert await look_up(ledger, giver, b"t" * 16, deadline_s=0.3) is None
