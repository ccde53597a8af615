"""Card reads become events: masked, told once, and head office is asked while the sale goes on."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.journal.tag import tag_of
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Delta, MemberRow
from agent.till.cards import MOST_AGAIN, CardReads
from agent.till.events import Events
from agent.till.gate import Gate
from agent.till.identify import Identifier
from agent.till.idle import IdleAllowances
from agent.till.tokens import TokenSeal
from tests.till.desk import CARD, FLEET_KEY, NOON, Desk, basket

STRANGER = "2990000000026"


class Counter:
    """`CardReads` with real parts around it, and a head office that is told what to say."""

    def __init__(self, desk: Desk, look_up: Callable[[bytes], Awaitable[bool]] | None = None) -> None:
        self.asked: list[str] = []
        self.missing: list[dict[str, int]] = []
        self.is_coming = False
        self.answer = asyncio.Event()
        self.events, self.gate = Events("boot"), Gate()
        self.seal = TokenSeal(b"s" * 32)
        identifier = Identifier(
            desk.ledger.read, self.seal, clock=desk.clock, fleet_key=FLEET_KEY, new_nonce=bytes
        )

        async def nobody(_: bytes) -> bool:
            return False

        async def ask(member: str, missing: Mapping[str, int]) -> bool:
            self.asked.append(member)
            self.missing.append(dict(missing))
            await self.answer.wait()
            return self.is_coming

        self.cards = CardReads(
            identifier,
            self.events,
            self.gate,
            desk.ledger.read,
            today=NOON.date,
            ask_allowances=ask,
            look_up=look_up or nobody,
            idle=IdleAllowances(desk.ledger, desk.clock, is_quoted=lambda _: False),
            again_s=0.001,
        )

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for _, message in self.events._ring:
            _, event, data, *_ = message.decode().split("\n")
            found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
        return found

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told()]


async def rest() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_read_is_told_at_once_masked_with_balances_while_head_office_is_asked(desk: Desk) -> None:
    desk.know_member(500)

    async def read() -> Counter:
        counter = Counter(desk)
        counter.cards.on_read("scanner", "card", CARD, 0)
        await rest()
        return counter

    counter = asyncio.run(read())
    assert counter.kinds() == ["card.read", "member.identified"]
    told = counter.told()[1][1]
    assert told["wallets"] == [{"wallet": "points", "balance": 500}]
    assert counter.asked == ["m1"]
    opened = counter.seal.open(told["identification_id"])
    assert opened is not None
    assert (opened.member, opened.tag) == ("m1", tag_of("card", CARD, FLEET_KEY))
    assert CARD not in json.dumps(counter.told())


def test_a_quote_waits_for_head_office_a_moment_and_no_longer(desk: Desk) -> None:
    desk.know_member(500)

    async def wait() -> tuple[bool, bool]:
        counter = Counter(desk)
        counter.cards.on_read("scanner", "card", CARD, 0)
        await counter.cards.settled("m1", 0.01, wishes={})
        gave_up = not counter.answer.is_set()
        waiting = asyncio.ensure_future(counter.cards.settled("m1", 60, wishes={}))
        await rest()
        assert not waiting.done()
        counter.answer.set()
        await asyncio.wait_for(waiting, 5)
        return gave_up, True

    assert asyncio.run(wait()) == (True, True)


def test_who_wishes_more_than_lies_here_is_asked_for_as_far_as_it_is_theirs(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(200)

    async def wish() -> Counter:
        counter = Counter(desk)
        counter.answer.set()
        for wishes in ({"points": 200}, {"points": 350}, {"points": 900}, {"points": "max"}, {"other": 5}):
            await counter.cards.settled("m1", 1, wishes=wishes)
            await rest()
        return counter

    assert asyncio.run(wish()).missing == [{"points": 150}, {"points": 300}, {"points": 300}]


def test_points_on_their_way_from_elsewhere_are_asked_for_again_and_again_but_not_for_ever(
    desk: Desk,
) -> None:
    desk.know_member(500)

    async def read() -> Counter:
        counter = Counter(desk)
        counter.is_coming = True
        counter.answer.set()
        counter.cards.on_read("scanner", "card", CARD, 0)
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            while len(counter.asked) < 1 + MOST_AGAIN:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        return counter

    assert len(asyncio.run(read()).asked) == 1 + MOST_AGAIN


def test_one_question_per_member_is_enough_at_a_time(desk: Desk) -> None:
    desk.know_member(0)

    async def read() -> Counter:
        counter = Counter(desk)
        counter.cards.on_read("scanner", "card", CARD, 0)
        counter.cards.on_read("nfc", "card", CARD, 400_000_000)
        await rest()
        return counter

    assert asyncio.run(read()).asked == ["m1"]


def test_a_card_this_till_does_not_know_is_looked_up_at_head_office(desk: Desk) -> None:
    async def found(tag: bytes) -> bool:
        row = MemberRow("m2", 1, [tag], MemberFacts("m2", wallets={"points": WalletFacts([Lot("x", 7)])}))
        desk.write(lambda tx: tx.apply_members([row]))
        return True

    async def read() -> Counter:
        counter = Counter(desk, found)
        counter.cards.on_read("scanner", "card", STRANGER, 0)
        await rest()
        return counter

    counter = asyncio.run(read())
    assert counter.kinds() == ["card.read", "member.identified"]
    assert counter.told()[1][1]["wallets"] == [{"wallet": "points", "balance": 7}]


def test_an_unknown_card_is_told_when_head_office_knows_nobody_either(desk: Desk) -> None:
    async def read() -> Counter:
        counter = Counter(desk)
        counter.cards.on_read("scanner", "card", STRANGER, 0)
        await rest()
        return counter

    assert asyncio.run(read()).kinds() == ["card.read", "card.unknown"]


def test_a_question_that_breaks_does_not_break_the_till(desk: Desk) -> None:
    async def broken(_: bytes) -> bool:
        raise OSError("cable")

    async def read() -> Counter:
        counter = Counter(desk, broken)
        counter.cards.on_read("scanner", "card", STRANGER, 0)
        await rest()
        counter.cards.on_refused("scanner", "unreadable")
        return counter

    assert asyncio.run(read()).kinds() == ["card.read", "card.unknown", "card.refused"]


def test_a_late_read_names_the_receipt_that_is_paid_and_is_not_asked_about(desk: Desk) -> None:
    desk.know_member(0)

    async def read() -> Counter:
        counter = Counter(desk)
        counter.gate.close("r1")
        counter.cards.on_read("scanner", "card", CARD, 0)
        counter.cards.on_read("scanner", "card", CARD, 1)
        await rest()
        return counter

    counter = asyncio.run(read())
    assert counter.kinds() == ["card.read", "card.late"]
    assert counter.told()[1][1]["open_receipt"] == "r1"
    assert counter.asked == []


def test_a_blocked_card_is_told_without_member_or_balance(desk: Desk) -> None:
    row = MemberRow(
        "m1", 1, [], MemberFacts("m1", wallets={"points": WalletFacts([Lot("x", 7)])}),
        blocked_tags=[tag_of("card", CARD, FLEET_KEY)],
    )  # fmt: skip
    desk.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=[row])))
    told = desk.identify()
    assert told["result"] == "blocked"
    assert "wallets" not in told
    sale = basket(instruments=[told["identification_id"]])
    answer = desk.call("commit", "r1", json.dumps({"basket": sale}).encode())
    assert answer["wallets"] == []
    assert desk.ledger.read.entries_of("r1")[0].account == ""
