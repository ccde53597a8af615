"""Boxes go to head office: what only it can open lies at a till until it is there, then it is erased here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agent.errors import Rejected
from agent.ledger.ledger import Ledger
from agent.ledger.marks import SEALING_KEY
from agent.sync.announced import BoxSent, People, PeopleTaken, SealingKey
from agent.sync.signing import SEALING, is_signed_by
from agent.sync.wire import PeopleAnswer, Refusal, Retry

KEY_BYTES = 32


class Boxes:
    """Hands a ledger's boxes over; `publisher_key` checks the key that tills seal with."""

    def __init__(self, ledger: Ledger, publisher_key: bytes) -> None:
        self._ledger = ledger
        self._publisher_key = publisher_key

    @property
    def key(self) -> bytes:
        """The key to seal with that is here, empty before any came."""
        return bytes.fromhex(self._ledger.read.text_mark(SEALING_KEY))

    async def hand_over(self, ask: Callable[[Any, Any], Awaitable[Any]]) -> int:
        """Send what waits and erase what head office has; return the milliseconds it asks to wait.

        Raises:
            SyncError: head office is away or refuses them.
        """
        boxes = [BoxSent(number, member, box) for number, member, box in self._ledger.read.boxes()]
        if not boxes:
            return 0
        match await ask(People(self._ledger.incarnation, boxes), PeopleAnswer):
            case PeopleTaken(numbers=told):
                numbers = sorted({one.number for one in boxes} & set(told))
                await asyncio.wrap_future(self._ledger.write(lambda tx: tx.drop_boxes(numbers)))
                return 0
            case Retry(after_ms=ms):
                return max(ms, 1)
            case Refusal(code=code, detail=detail):
                raise Rejected(f"head office takes no personal data: {code}: {detail}")
        return 0

    async def take_key(self, told: SealingKey | None) -> None:
        """Remember the key to seal with, if the publisher signed it and it is not here yet."""
        if told is None or len(told.key) != KEY_BYTES or told.key == self.key:
            return
        if is_signed_by(self._publisher_key, SEALING + told.key, told.signature):
            text = told.key.hex()
            await asyncio.wrap_future(self._ledger.write(lambda tx: tx.set_mark(SEALING_KEY, text)))
