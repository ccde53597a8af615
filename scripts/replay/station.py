"""One checkout: a scanner, a POS and a cashier, taking sales one after another in a thread of its own."""

import queue
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.replay.books import Told
from scripts.replay.clock import ReceiptClock, Window
from scripts.replay.pos import EventStream, Gone, Pos
from scripts.replay.receipts import Sale
from scripts.replay.scanner import Scanner
from scripts.replay.seeded import Choice, card_number, goods_back

CARD_EVENTS = frozenset({"member.identified", "card.unknown", "card.blocked", "card.refused", "card.late"})
WALLET = "points"


@dataclass(slots=True)
class Done:
    """What this POS knows to have happened: its own books, compared with head office's at the end."""

    committed: dict[str, Told] = field(default_factory=dict)
    identified: int = 0
    voided: list[str] = field(default_factory=list)
    returned: list[tuple[str, str]] = field(default_factory=list)
    repeated: int = 0
    recovered: int = 0
    without_quote: int = 0
    faults: list[str] = field(default_factory=list)


class Station:
    """One till's front; `serve` queues a sale, `finish` waits for the last."""

    def __init__(
        self, name: str, store: str, door: Path, *, scanner: Scanner, clock: ReceiptClock, window: Window
    ) -> None:
        self.name, self.store = name, store
        self.done = Done()
        self._pos, self._events = Pos(door), EventStream(door)
        self._scanner, self._clock, self._window = scanner, clock, window
        self._queue: queue.Queue[tuple[Sale, Choice] | None] = queue.Queue(maxsize=2)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Open for customers."""
        self._events.open()
        self._thread.start()

    def serve(self, sale: Sale, choice: Choice) -> None:
        """Take the next customer; waits while two are in the queue already."""
        self._window.announce(sale.sold_at)
        self._queue.put((sale, choice))

    def finish(self) -> Done:
        """Serve who is queued, then close."""
        self._queue.put(None)
        self._thread.join()
        self._events.close()
        self._pos.hang_up()
        return self.done

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            sale, choice = job
            self._window.await_turn(sale.sold_at)
            self._clock.follow(sale.sold_at)
            try:
                self._sell(sale, choice)
            except Exception as failure:  # noqa: BLE001 - told in the summary, and the run fails
                self.done.faults.append(f"{sale.basket_id}: {type(failure).__name__}: {failure}")
            finally:
                self._window.close(sale.sold_at)

    def _sell(self, sale: Sale, choice: Choice) -> None:
        receipt_id = f"{self.name}-{sale.basket_id}"
        basket: dict[str, Any] = {
            "receipt_id": receipt_id,
            "sold_at": sale.sold_at.isoformat(),
            "store": self.store,
            "till": self.name,
            "cashier": choice.cashier,
            "channel": "till",
            "currency": "USD",
            "lines": sale.lines,
        }
        if not choice.anonymous:
            self._identify(basket, sale, choice)
        if choice.code:
            basket.setdefault("instruments", []).append(choice.code)
        etag = self._agree(basket)
        commit = {
            "etag": etag,
            "basket": basket,
            "tenders": [{"kind": "cash", "amount_minor": sum(line["amount_minor"] for line in sale.lines)}],  # type: ignore[misc]
            "fiscal": f"F{sale.basket_id}",
        }
        path = f"/v1/receipts/{receipt_id}/commit"
        answer = self._pos.until_done("POST", path, commit)
        if choice.repeated or self._pos.was_gone:
            self._recover(receipt_id, answer)
        if choice.repeated:
            again = self._pos.until_done("POST", path, commit)
            self.done.repeated += 1
            if again != answer:
                self.done.faults.append(f"{receipt_id}: the repeated commit was answered otherwise")
        self._book(receipt_id, answer)
        self._afterwards(sale, choice, receipt_id)

    def _identify(self, basket: dict[str, Any], sale: Sale, choice: Choice) -> None:
        """Scan the card, or type its number where it was left at home."""
        number = card_number(sale.household)
        event: dict[str, Any] | None
        if choice.forgotten:
            body = {"value": number, "entry_mode": "Keyed", "identification_type": "AccountNumber"}
            try:
                event = self._pos.call("POST", "/v1/identifications", body)[1]
            except Gone:
                return  # nobody answers: the sale goes on without a card
        else:
            event = self._scan(number)
        if event is None or event.get("result") != "identified":
            return
        self.done.identified += 1
        basket["instruments"] = [event["identification_id"]]
        balance = sum(one["balance"] for one in event["wallets"] if one["wallet"] == WALLET)
        if choice.wishes_to_pay and balance > 0:
            basket["redeem"] = {WALLET: "max"}

    def _scan(self, number: str) -> dict[str, Any] | None:
        """Scan, and scan again if nothing is heard: the same card within a blink counts as one swipe."""
        for _ in range(3):
            self._scanner.scan(number)
            while event := self._events.next(CARD_EVENTS):
                # Typed numbers are told on the stream too, and a scan heard late is another customer's.
                if event["device"] == "scanner" and event.get("masked", "").startswith(f"…{number[-4:]}"):
                    return event
        return None

    def _agree(self, basket: dict[str, Any]) -> str:
        """Ask for a quote, and hold the points it pays with."""
        path = f"/v1/receipts/{basket['receipt_id']}"
        try:
            status, quote = self._pos.call("PUT", f"{path}/quote", basket)
            if status != 200:
                self.done.faults.append(f"{path}: quote {status} {quote}")
                return ""
            if any(one["redeem"] for one in quote["wallets"]):
                status, answer = self._pos.call(
                    "PUT", f"{path}/hold", {"etag": quote["etag"], "basket": basket}
                )
                if status != 200:
                    self.done.faults.append(f"{path}: hold {status} {answer}")
        except Gone:
            self.done.without_quote += 1
            return ""
        return str(quote["etag"])

    def _recover(self, receipt_id: str, answer: dict[str, Any]) -> None:
        """Ask what became of a receipt, as after a crash of either side: what was answered stands."""
        recalled = self._pos.until_done("GET", f"/v1/receipts/{receipt_id}", None)
        self.done.recovered += 1
        if recalled != answer:
            self.done.faults.append(f"{receipt_id}: recalled as {recalled.get('state')}, answered otherwise")

    def _book(self, receipt_id: str, answer: dict[str, Any]) -> None:
        wallets = answer.get("wallets", [])
        earned, redeemed = (sum(one[name] for one in wallets) for name in ("earn", "redeem"))
        self.done.committed[receipt_id] = Told(earned, redeemed)
        for difference in answer.get("differences", []):
            if difference == "no_quote":
                continue  # the agent was down while it was asked; counted in `without_quote`
            self.done.faults.append(f"{receipt_id}: {difference}")

    def _afterwards(self, sale: Sale, choice: Choice, receipt_id: str) -> None:
        """Some receipts are voided, of some a line comes back."""
        if choice.voided:
            self._pos.until_done("POST", f"/v1/receipts/{receipt_id}/void", {"cashier": choice.cashier})
            self.done.voided.append(receipt_id)
        elif (back := goods_back(choice, sale)) is not None:
            line, at = back
            body = {"lines": [{"line": line}], "returned_at": at.isoformat(), "cashier": choice.cashier}
            return_id = f"R{sale.basket_id}"
            self._pos.until_done("PUT", f"/v1/receipts/{receipt_id}/returns/{return_id}", body)
            self.done.returned.append((receipt_id, return_id))
