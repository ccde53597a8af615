"""The counter at one till: customers, and a POS that keeps what it was not answered and says it again."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Any

from agent.errors import LoyaltyError
from tests.fleet.chain import card_of, member_name
from tests.fleet.machine import DownError
from tests.fleet.oracle import Life, Oracle
from tests.fleet.story import DAY_S, Story
from tests.fleet.till import FleetTill

OPENS_S, CLOSES_S = 9 * 3600, 21 * 3600
PATIENCE_S = 40.0
AS_MUCH_AS_POSSIBLE = "max"
TWICE_AT_ONCE = 0.05
"""Share of commits that a hasty POS sends a second time before the first is answered."""


@dataclass(frozen=True)
class Habits:
    """What customers do: shares of visits, and how many members there are."""

    members: int
    anonymous: float = 0.08
    paying_with_points: float = 0.6
    leaving: float = 0.05
    voided: float = 0.05
    returned: float = 0.06
    said_again: float = 0.08


class Counter:
    """Sells at one till, one customer after another."""

    def __init__(
        self, till: FleetTill, *, habits: Habits, chance: Random, story: Story, oracle: Oracle, share_s: float
    ) -> None:
        self.till = till
        self._habits = habits
        self._chance = chance
        self._story = story
        self._oracle = oracle
        self._share_s = share_s
        self._count = 0
        self.unsent: deque[tuple[str, str, bytes]] = deque()
        """Paid receipts without an answer: (receipt, member, body)."""
        self._sold: list[tuple[str, str, bytes]] = []
        self._life = till.life

    async def trade(self, until_s: float) -> None:
        """Serve customers while the shop is open; `share_s` lies between two on average."""
        loop = asyncio.get_running_loop()
        while True:
            wait_s = self._chance.expovariate(1 / self._share_s)
            at_s = loop.time() + wait_s
            if at_s % DAY_S < OPENS_S or at_s % DAY_S > CLOSES_S:
                at_s = (
                    (at_s - OPENS_S) // DAY_S * DAY_S
                    + DAY_S
                    + OPENS_S
                    + self._chance.random() * self._share_s
                )
            if at_s > until_s:
                return
            await asyncio.sleep(at_s - loop.time())
            await self.say_again()
            if self.till.life is not self._life:
                await self._after_another_disk()
            await self._serve()

    async def say_again(self) -> None:
        """Repeat what was paid and not answered, in order, until it is or the till stays away."""
        while self.unsent:
            if not await self._commit(*self.unsent[0]):
                return
            self.unsent.popleft()
            self._oracle.unheard -= 1

    async def _after_another_disk(self) -> None:
        """Say the last receipts again to a till that lost its memory, as a careful cashier would."""
        self._life = self.till.life
        for paid in self._sold[-2:]:
            if paid[0] in self._oracle.told:
                await self._commit(*paid)

    async def _serve(self) -> None:
        chance, habits = self._chance, self._habits
        self._count += 1
        receipt = f"{self.till.name}.{self._count}"
        number = 0 if chance.random() < habits.anonymous else 1 + int(chance.random() ** 1.5 * habits.members)
        basket = self._basket(receipt)
        etag = ""
        try:
            token = await self._identify(number) if number else ""
            await asyncio.sleep(chance.uniform(1, PATIENCE_S))
            if chance.random() < habits.leaving:
                self._story.event(self.till.name, f"{receipt} left")
                return
            basket["instruments"] = [token] if token else []
            etag = await self._agree(receipt, basket)
        except (DownError, LoyaltyError) as failure:
            self._story.event(self.till.name, f"{receipt} sold without loyalty: {failure}")
            basket["instruments"] = [card_of(number)] if number else []
            basket["redeem"] = {}
        await asyncio.sleep(chance.uniform(1, PATIENCE_S))
        told = {"basket": basket, "etag": etag, "tenders": []}
        paid = (receipt, member_name(number) if number else "", json.dumps(told).encode())
        self.unsent.append(paid)
        self._oracle.unheard += 1
        self._sold.append(paid)
        await self.say_again()
        if chance.random() < habits.said_again:
            # A POS that lost its memory says again what it finds among its papers.
            again = chance.choice((paid, chance.choice(self._sold[-30:])))
            if again[0] in self._oracle.told:
                await self._commit(*again)
        await self._think_again()

    async def _identify(self, number: int) -> str:
        told = await self.till.call("identify", json.dumps({"value": card_of(number)}).encode())
        self._story.event(self.till.name, f"card of {member_name(number)}: {told['result']}")
        return str(told["identification_id"])

    async def _agree(self, receipt: str, basket: dict[str, Any]) -> str:
        """Ask what the basket gives, and have points held; return the etag."""
        quote = await self.till.call("quote", receipt, json.dumps(basket).encode())
        redeem = {one.wallet: one.redeem for one in quote.wallets if one.redeem}
        if redeem:
            told = json.dumps({"etag": quote.etag, "basket": basket}).encode()
            held = await self.till.call("hold", receipt, told)
            self._story.event(self.till.name, f"{receipt} holds {held['held']}")
        return str(quote.etag)

    async def _commit(self, receipt: str, member: str, body: bytes) -> bool:
        """Tell the till of a paid receipt; say whether it answered."""
        till, life = self.till, self.till.life
        calls = [
            till.call("commit", receipt, body) for _ in range(1 + (self._chance.random() < TWICE_AT_ONCE))
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                if not isinstance(answer, DownError | LoyaltyError):
                    raise answer
                self._story.event(till.name, f"{receipt} paid: {type(answer).__name__}")
                return False
            self._oracle.paid(life, receipt, member, answer)
            self._look(life, receipt, member)
            what = f"{answer['state']} {answer.get('why', '')}".strip()
            redeemed = self._oracle.told[receipt].redeemed
            self._story.event(
                till.name, f"{receipt} {what} as {answer['seq']}, redeemed {redeemed} of {member or '-'}"
            )
        return True

    def _look(self, life: Life, receipt: str, member: str) -> None:
        """Let the oracle see what it took, whose receipt it was, and what the till shows of them."""
        told, ledger = self._oracle.told[receipt], self.till.ledger
        if ledger is not None:
            self._oracle.sold(ledger, receipt, member)
        if self.till.is_alive and ledger is not None and told.life is life:
            stored = ledger.read.receipt(receipt)
            told.known = stored.member if stored is not None else ""
            if told.known:
                self._oracle.shown(life, ledger, told.known, self.till.clock.now().date())

    async def _think_again(self) -> None:
        """Now and then a customer changes their mind: the sale is cancelled, or goods come back."""
        chance, habits = self._chance, self._habits
        receipt, _, body = chance.choice(self._sold[-12:])
        told = self._oracle.told.get(receipt)
        if told is None or told.state != "committed":
            return
        wish = chance.random()
        if wish < habits.voided:
            told.state = "void"
            self._oracle.may_come_back(receipt, self.till.life)
            await self._insist("void", receipt, b"{}")
        elif wish < habits.voided + habits.returned:
            told.state = "return"
            self._oracle.may_come_back(receipt, self.till.life)
            now = self.till.clock.now().isoformat()
            lines = [{"line": chance.choice(json.loads(body)["basket"]["lines"])["line"]}]
            asked = json.dumps({"lines": lines, "returned_at": now}).encode()
            answer = await self._insist("take_back", receipt, "b1", asked)
            if answer is not None and answer["state"] != "noted":  # head office settles what was noted
                self._oracle.came_back(receipt, sum(answer.get("spent_back", {}).values()))

    async def _insist(self, call: str, receipt: str, *arguments: Any) -> dict[str, Any] | None:
        for _ in range(4):
            try:
                answer = await self.till.call(call, receipt, *arguments)
            except DownError:
                await asyncio.sleep(self._chance.uniform(5, 60))
            except LoyaltyError as failure:
                self._story.event(self.till.name, f"{receipt} {call}: {type(failure).__name__}")
                return None
            else:
                self._story.event(self.till.name, f"{receipt} {call}: {answer['state']}")
                return dict(answer)
        return None

    def _basket(self, receipt: str) -> dict[str, Any]:
        chance = self._chance
        wish = AS_MUCH_AS_POSSIBLE if chance.random() < self._habits.paying_with_points else 0
        lines = [
            {"line": line, "sku": f"s{line}", "group": "G", "amount_minor": chance.randrange(50, 2500)}
            for line in range(1, 1 + chance.randrange(1, 4))
        ]
        return {
            "receipt_id": receipt,
            "sold_at": self.till.clock.now().isoformat(),
            "store": self.till.name.partition("-")[0],
            "till": self.till.name,
            "currency": "USD",
            "lines": lines,
            "redeem": {"points": wish} if wish else {},
        }
