"""Card reads become events: who it is, masked, with balances, while head office is already being asked.

Steps 2 and 3 of the walk.  A read never attaches itself to a receipt: the POS names the
identification, and each event says which receipt was open.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import date
from typing import Any, assert_never

import structlog

from agent.ledger.reader import Reader
from agent.till.events import Events
from agent.till.gate import Gate
from agent.till.identify import Blocked, Identified, Identifier, Outcome, Unknown
from agent.till.idle import IdleAllowances

log = structlog.get_logger()
LOOK_UP_S = 2.0
"""A card that was read is told after this long, whoever's it is."""
AGAIN_S = 1.0
MOST_AGAIN = 10
"""How often head office is asked again while points are on their way home from elsewhere."""
OnlineHook = Callable[[str, Mapping[str, int]], Coroutine[Any, Any, bool]]
"""Asks for a member's allowances, and for what is missing of a wish; says whether more is on its way."""
LookUp = Callable[[bytes], Awaitable[bool]]
"""Asks head office whose tag this is; True if the member is here now."""


class CardReads:
    """Takes what the readers saw and tells it on the event stream."""

    def __init__(
        self,
        identifier: Identifier,
        events: Events,
        gate: Gate,
        reader: Reader,
        *,
        today: Callable[[], date],
        ask_allowances: OnlineHook,
        look_up: LookUp,
        idle: IdleAllowances,
        greet: Callable[[str], Coroutine[Any, Any, None]] | None = None,
        again_s: float = AGAIN_S,
    ) -> None:
        self._identifier = identifier
        self._events = events
        self._gate = gate
        self._reader = reader
        self._today = today
        self._ask_allowances = ask_allowances
        self._look_up = look_up
        self._idle = idle
        self._greet = greet
        self._again_s = again_s
        self._pending: dict[str, asyncio.Task[object]] = {}
        self._asked_again: dict[str, int] = {}

    def on_read(
        self, device: str, kind: str, value: str, read_at_ns: int, *, is_contactless: bool = False
    ) -> None:
        """Handle one read of a reader; returns at once."""
        verdict = self._gate.judge(device, value, read_at_ns, is_contactless=is_contactless)
        if verdict == "repeated":
            return
        outcome = self._identifier.identify(kind, value, "Scanned")
        self._events.publish("card.read", {"device": device, "masked": outcome.masked, **self._open()})
        if isinstance(outcome, Unknown) and outcome.tag and verdict == "accepted":
            self._start(f"tag {outcome.tag.hex()}", self._tell_whose(outcome, device))
            return
        self.tell(outcome, device=device, is_late=verdict == "late")

    def on_refused(self, device: str, reason: str) -> None:
        """Tell that a read gave no number."""
        self._events.publish("card.refused", {"device": device, "reason": reason, **self._open()})

    def tell(
        self, outcome: Outcome, *, device: str, is_late: bool = False, most_shown: int | None = None
    ) -> dict[str, Any]:
        """Publish what an identification found, and start asking for allowances; return what is told.

        With `most_shown` a bare number was all there was: larger balances are not told, and the cashier
        confirms who it is.
        """
        told: dict[str, Any] = {
            "identification_id": outcome.token,
            "masked": outcome.masked,
            "entry_mode": outcome.entry_mode,
            **self._open(),
        }
        match outcome:
            case Identified():
                told |= {"result": "identified", "wallets": self._balances(outcome.member, most_shown)}
                if most_shown is not None:
                    told["confirm"] = True
                kind = "member.identified"
                if not is_late:
                    self._idle.card_read(outcome.member)
                    self._asked_again.pop(outcome.member, None)
                    self._start(outcome.member, self._ask_allowances(outcome.member, {}))
            case Unknown():
                told |= {"result": "unknown"}
                kind = "card.unknown"
            case Blocked():
                told |= {"result": "blocked"}
                kind = "card.blocked"
            case other:
                assert_never(other)
        log.info("card read", device=device, masked=outcome.masked, state=told["result"])
        self._events.publish("card.late" if is_late else kind, {"device": device, **told})
        if self._greet is not None and kind == "member.identified" and not is_late:
            self._start(f"greeting {outcome.masked}", self._greet(outcome.token))
        return told

    async def settled(self, member: str, wait_s: float, *, wishes: Mapping[str, int | str]) -> None:
        """Wait a moment for head office's answer about a member who is being quoted, if one is on its way.

        Whose allowance was given back meanwhile (another card was read), for them it is asked again, and so
        it is where the customer wishes to spend more than lies here.
        """
        missing = self._missing(member, wishes)
        if self._idle.quoted(member) or missing:
            self._start(member, self._ask_allowances(member, missing))
        task = self._pending.get(member)
        if task is not None and not task.done():
            await asyncio.wait({task}, timeout=wait_s)

    async def ask_whose(self, outcome: Unknown, wait_s: float) -> Outcome:
        """Ask head office whose an unknown card is, and wait for that at most so long."""
        if not outcome.tag:
            return outcome
        try:
            async with asyncio.timeout(wait_s):
                if not await self._look_up(outcome.tag):
                    return outcome
        except TimeoutError:
            return outcome
        return self._identifier.identify_tag(outcome.tag, outcome.masked, outcome.entry_mode, outcome.kind)

    async def _tell_whose(self, outcome: Unknown, device: str) -> None:
        whose: Outcome = outcome
        try:
            whose = await self.ask_whose(outcome, LOOK_UP_S)
        finally:
            # Whatever became of the question, the cashier hears of the card.
            self.tell(whose, device=device)

    def _start(self, member: str, work: Coroutine[Any, Any, object]) -> None:
        """Let head office be asked while the sale goes on; once per member at a time."""
        if member in self._pending:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._pending[member] = task
        task.add_done_callback(lambda done: self._ended(member, done))

    def _ended(self, member: str, task: asyncio.Task[object]) -> None:
        self._pending.pop(member, None)
        if not task.cancelled() and (failure := task.exception()) is not None:
            # The till sells on without an answer; what is wrong with the question is ours to mend.
            log.error("head office not asked", error=repr(failure))
        elif not task.cancelled() and task.result() is True:
            self._ask_again(member)

    def _ask_again(self, member: str) -> None:
        """Points are on their way home from another store: ask for them a moment later, some times."""
        times = self._asked_again[member] = self._asked_again.get(member, 0) + 1
        if times > MOST_AGAIN:
            del self._asked_again[member]
            return
        asyncio.get_running_loop().call_later(
            self._again_s, lambda: self._start(member, self._ask_allowances(member, {}))
        )

    def _missing(self, member: str, wishes: Mapping[str, int | str]) -> dict[str, int]:
        """Return what is wished beyond what may be spent here, as far as the member owns it."""
        if not wishes:
            return {}
        facts = self._reader.facts(member, self._today())
        missing: dict[str, int] = {}
        for wallet, wish in wishes.items():
            known = facts.wallets.get(wallet) if facts is not None else None
            owned = sum(lot.amount for lot in known.lots) if known is not None else 0
            wanted = min(wish, owned) if isinstance(wish, int) else owned  # "max"
            short = wanted - (known.usable_offline or 0 if known is not None else 0)
            if short > 0:
                missing[wallet] = short
        return missing

    def _balances(self, member: str, most: int | None) -> list[dict[str, Any]]:
        facts = self._reader.facts(member, self._today())
        if facts is None:
            return []
        held = [
            (wallet, sum(lot.amount for lot in one.lots)) for wallet, one in sorted(facts.wallets.items())
        ]
        return [
            {"wallet": wallet, "balance": balance}
            for wallet, balance in held
            if most is None or balance <= most
        ]

    def _open(self) -> dict[str, str]:
        return {"open_receipt": self._gate.open_receipt}
