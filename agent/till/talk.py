"""What is said at the counter beside the sale: a choice made on a screen, a prompt's outcome, a parked sale.

Nothing here changes a receipt.  A choice is told to the POS, which asks for a new quote; outcomes of
prompts wait for their receipt's commit and ride in its transaction, so they cost no flush of their own.
"""

import asyncio
from collections import OrderedDict
from typing import Any

from agent.documents import decode_json
from agent.errors import Refused
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger
from agent.loyalty.quote import Quote
from agent.till.events import Events
from agent.till.gate import Gate
from agent.till.quote import Quoter
from agent.till.shapes import AnswerBody, PromptBody

MOST_RECEIPTS = 256
MOST_PROMPTS = 64
"""Of one receipt: a quote has a few, and nothing else is worth keeping."""
SHOWN = "shown"


class Talk:
    """Keeps what was said about receipts that are not paid yet; memory only until then."""

    def __init__(self, ledger: Ledger, quoter: Quoter, gate: Gate, events: Events) -> None:
        self._ledger = ledger
        self._quoter = quoter
        self._gate = gate
        self._events = events
        self._outcomes: OrderedDict[str, dict[str, Draft]] = OrderedDict()

    def current(self) -> Quote:
        """Return the newest quote whose receipt is not over, for a screen that comes back.

        Raises:
            Refused: nothing is being rung up.
        """
        agreed = self._quoter.newest()
        if agreed is None:
            raise Refused("no_sale", "no receipt was quoted, or all are over")
        return agreed.told

    def answer(self, receipt_id: str, body: bytes) -> dict[str, Any]:
        """Tell the POS and the other screen what was chosen; nothing is set aside before the POS asks.

        Raises:
            Refused: no quote of ours, or more points than it lets this customer spend.
        """
        told = decode_json(body, AnswerBody, what="answer")
        agreed = self._quoter.remembered(receipt_id)
        if agreed is None:
            raise Refused("receipt_unknown", f"receipt {receipt_id} is not being rung up here")
        chosen = told.values
        most = next((one.max_redeem for one in agreed.quote.wallets if one.wallet == chosen.wallet), 0)
        if chosen.points > most:
            why = f"at most {most} {chosen.wallet} can be spent"
            raise Refused("hold_too_large", why, wallet=chosen.wallet, max=most)
        values = {"wallet": chosen.wallet, "points": chosen.points}
        answer = {"receipt_id": receipt_id, "code": told.code, "values": values}
        self._events.publish("customer.answered", answer)
        return answer

    def park(self, receipt_id: str) -> dict[str, Any]:
        """Put a sale aside for the next customer: the gate opens, what is held stays held.

        Raises:
            Refused: it was never quoted or held here, or it is over.
        """
        if self._ledger.read.receipt(receipt_id) is not None:
            raise Refused("wrong_state", f"receipt {receipt_id} is past that")
        is_held = self._ledger.read.hold(receipt_id) is not None
        if not is_held and self._quoter.remembered(receipt_id) is None:
            raise Refused("receipt_unknown", f"receipt {receipt_id} is not being rung up here")
        self._gate.reopen(receipt_id)
        state = "held" if is_held else "quoted"
        answer = {"receipt_id": receipt_id, "state": state, "accepting": self._gate.accepting}
        self._events.publish("receipt.parked", answer)
        return answer

    async def prompt(self, receipt_id: str, body: bytes) -> dict[str, Any]:
        """Take down what became of a prompt; of a paid receipt it is written at once.

        That it was taken or declined outweighs that it was shown; otherwise the last word counts.
        """
        told = decode_json(body, PromptBody, what="prompt")
        part = f"{told.code}/{told.rule}" if told.rule else told.code
        data = {"code": told.code, "outcome": told.outcome} | ({"rule": told.rule} if told.rule else {})
        draft = Draft("PROMPT", receipt=receipt_id, part=part, actor=told.cashier, data=data)
        if self._ledger.read.receipt(receipt_id) is not None:
            await self._write_late(draft)
        else:
            self._remember(receipt_id, part, draft)
        answer = {"receipt_id": receipt_id, **data}
        self._events.publish(f"prompt.{told.outcome}", answer)
        return answer

    def prompts_of(self, receipt_id: str) -> list[Draft]:
        """Return the outcomes that its commit is to write."""
        return list(self._outcomes.get(receipt_id, {}).values())

    def forget(self, receipt_id: str) -> None:
        """Drop what was said about a receipt that is over."""
        self._outcomes.pop(receipt_id, None)

    def _remember(self, receipt_id: str, part: str, draft: Draft) -> None:
        known = self._outcomes.setdefault(receipt_id, {})
        self._outcomes.move_to_end(receipt_id)
        if len(self._outcomes) > MOST_RECEIPTS:
            self._outcomes.popitem(last=False)
        is_news = draft.data["outcome"] != SHOWN or part not in known
        if is_news and (part in known or len(known) < MOST_PROMPTS):
            known[part] = draft

    async def _write_late(self, draft: Draft) -> None:
        """Add an outcome to a paid receipt; what was written with it stands, since entries are for good."""
        future = self._ledger.write(
            lambda tx: None if tx.has_entry(draft.receipt, "PROMPT", draft.part) else tx.append(draft)
        )
        await asyncio.wrap_future(future)
