"""What stands on the counter now: events folded into one small state, the same for every screen.

The fold waits until a screen asks: a till without screens pays for a queue, and no screen can disturb a
sale.  What the state names (a card's token, a receipt) is looked up when it is described, so it is never
stale.  Nothing here is written anywhere; a greeting by name lives and dies in this memory.
"""

from collections import deque
from typing import Any

from agent.till.greeting import GREETED

UNFOLDED = 256
"""So many events wait at most; a screen that asks later sees where the last of them lead."""
OVER = frozenset({"committed", "voided", "returned"})
CARDS = frozenset({"member.identified", "member.enrolled", "card.unknown", "card.blocked"})
OF_THE_TILL = ("device.", "mode.", "alarm", "prompt.", "card.late")
"""Events that are no customer's affair."""


class Scene:
    """The counter: a customer's card, a receipt and how far it is, a late card, and what happened last."""

    def __init__(self) -> None:
        self._unfolded: deque[tuple[str, dict[str, Any]]] = deque(maxlen=UNFOLDED)
        self._heard = 0
        self.moment = 0
        self.last: tuple[str, dict[str, Any]] = ("", {})
        self.told: tuple[str, dict[str, Any]] = ("", {})
        self._clear()

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        """Note an event; cheap, and cannot fail."""
        self._heard += kind != GREETED  # a name is no new occurrence: it makes no sound
        self._unfolded.append((kind, data))

    def now(self) -> "Scene":
        """Fold what was heard, and return the present state."""
        while self._unfolded:
            self._fold(*self._unfolded.popleft())
        self.moment = self._heard
        return self

    @property
    def is_over(self) -> bool:
        """Whether the receipt that is shown is done with."""
        return self.stage in OVER

    def _clear(self) -> None:
        self.card: dict[str, Any] = {}
        self.late: dict[str, Any] = {}
        self.receipt = ""
        self.stage = ""
        """Empty before the first quote, then quoted, held, or one of OVER."""
        self.before = ""
        """The receipt that was over when the present card was read: it may belong there."""
        self.chosen: dict[str, Any] = {}
        self.answered: dict[tuple[str, str], str] = {}
        """What became of prompts, by code and rule."""

    def _fold(self, kind: str, data: dict[str, Any]) -> None:
        if kind == GREETED:
            self._greet(data)
            return
        self._say(kind, data)
        if kind == "card.late":
            self.late = {**data, "open_receipt": data.get("open_receipt") or self.receipt}
        elif kind in CARDS or kind in {"card.read", "card.refused"}:
            self._next_customer(kind, data)
        elif kind == "receipt.claimed":
            self.late, self.before = {}, ""
        elif kind == "quote.updated":
            self._receipt(data["receipt_id"], "quoted")
        elif kind == "receipt.parked":
            self._park(data["receipt_id"])
        elif kind.startswith("receipt."):
            self._receipt(data["receipt_id"], kind.removeprefix("receipt."))
        elif kind == "customer.answered":
            self.chosen = data
        elif kind.startswith("prompt."):
            self.answered[data["code"], data.get("rule", "")] = kind.removeprefix("prompt.")

    def _greet(self, data: dict[str, Any]) -> None:
        """Put a name to the card that it was asked for; it goes with its receipt or the next card."""
        if data["identification_id"] == self.card.get("identification_id") and not self.is_over:
            self.card = {**self.card, "greeting": data["greeting"]}

    def _say(self, kind: str, data: dict[str, Any]) -> None:
        is_no_news = kind == "device.up" and self.last[0] != "device.down"  # it has just started
        if not is_no_news and not kind.startswith("prompt."):
            self.last = (kind, data)
        if not kind.startswith(OF_THE_TILL) and (kind, self.stage) != ("card.read", "held"):
            self.told = (kind, data)

    def _next_customer(self, kind: str, data: dict[str, Any]) -> None:
        """Clear the counter of a receipt that is over, and put the card down."""
        if self.is_over:
            before = self.receipt if self.stage == "committed" else ""
            self._clear()
            self.before = before
        if kind == "member.enrolled":  # it tells what is new of the card that was just identified
            self.card = {"result": "identified", **self.card, **data}
        elif kind in CARDS:
            self.card = data

    def _park(self, receipt: str) -> None:
        """Make room for the next customer; the sale comes back with its next quote."""
        if receipt == self.receipt:
            self._clear()

    def _receipt(self, receipt: str, stage: str) -> None:
        """Go on with a receipt; news of an older one does not take the screen from a sale under way."""
        if receipt != self.receipt:
            if self.receipt and not self.is_over and stage in OVER:
                return
            if self.is_over:
                self._clear()
            self.before, self.answered = "", {}
        self.receipt, self.stage, self.chosen = receipt, stage, {}
        if self.is_over:
            self.card = {key: value for key, value in self.card.items() if key != "greeting"}
