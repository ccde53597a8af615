"""The list of a store's tills that its pool keeps: believed if the publisher signed it for this store."""

import asyncio

import msgspec
import structlog

from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.sync.announced import Peers
from agent.sync.signing import is_signed_by, signed_peers

log = structlog.get_logger()
MARK = "peers"
NONE = b"-"
KEY_BYTES = 32


class PoolPeers:
    """Takes in who may borrow here; for a till that is no pool (`store` is empty) it does nothing."""

    def __init__(self, ledger: Ledger, store: str, *, publisher_key: bytes) -> None:
        self._ledger = ledger
        self._store = store
        self._publisher_key = publisher_key

    @property
    def role(self) -> str:
        """What this till tells head office that it is."""
        return "pool" if self._store else "till"

    def known(self) -> bytes:
        """Return the signature of the list that is here, as a pull names it."""
        return (bytes.fromhex(self._ledger.read.text_mark(MARK)) or NONE) if self._store else b""

    async def take(self, told: Peers | None) -> None:
        """Replace the list by the one told, if it is for this store."""
        if told is None or not self._store:
            return
        if not is_signed_by(self._publisher_key, signed_peers(self._store, told.listed), told.signature):
            log.error("list of tills refused", reason="not signed for this store")
            return
        try:
            peers = msgspec.msgpack.decode(told.listed, type=list[tuple[str, bytes]])
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.error("list of tills refused", reason="not readable")  # noqa: TRY400 - a sentence is enough
            return
        tills = [(till, key) for till, key in peers if len(key) == KEY_BYTES]

        def change(tx: Transaction) -> None:
            tx.lending.put_peers(tills)
            tx.set_mark(MARK, told.signature.hex())

        await asyncio.wrap_future(self._ledger.write(change))
        log.info("tills of the store told", count=len(tills))
