"""Programmes: announced by a page of news, fetched by hash, used only if they may be.

An announcement is kept in the ledger until it was dealt with: the cursor has moved on by then, and
members' news must not wait for a text that cannot be fetched now.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import structlog

from agent.errors import Refused, Rejected, Unreachable
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.sync.announced import ProgrammeNews
from agent.sync.pull import is_intact, why_refused

log = structlog.get_logger()
WANTED = "wanted_programme"


class Door(Protocol):
    """Head office as a session sees it; `agent.sync.client.Client` is the real one."""

    async def send(self, message: Any, answer: Any) -> Any:
        """Send a wire message and return its answer, one of the union `answer`."""
        ...

    async def blob(self, sha256: str) -> bytes:
        """Fetch a published text by its hash."""
        ...


def want(tx: Transaction, news: ProgrammeNews) -> None:
    """Keep an announcement, in the transaction that moves the cursor past it."""
    tx.set_mark(WANTED, msgspec.json.encode(news).decode())


class Programmes:
    """Fetches what was announced; `on_programme` hears of each programme after it is stored."""

    def __init__(
        self, ledger: Ledger, door: Door, *, publisher_key: bytes, on_programme: Callable[[bytes, str], None]
    ) -> None:
        self._ledger = ledger
        self._door = door
        self._publisher_key = publisher_key
        self._on_programme = on_programme

    async def fetch(self) -> None:
        """Fetch the programme that was announced last, if it is not here; a refusal is noted in the journal.

        Raises:
            Unreachable: it could not be fetched whole; the announcement stays.
        """
        announced = self._ledger.read.text_mark(WANTED)
        if not announced:
            return
        news = msgspec.json.decode(announced, type=ProgrammeNews)
        stored = self._ledger.read.programme()
        if stored is not None and stored.sha256 == news.sha256:
            await self._write(lambda tx: tx.set_mark(WANTED, ""))
            return
        try:
            text = await self._door.blob(news.sha256)
        except Rejected as failure:
            await self._refuse(news, str(failure))
            return
        if not is_intact(news, text):
            raise Unreachable(f"programme {news.id} was damaged on its way")
        if reason := why_refused(news, text, publisher_key=self._publisher_key, stored=stored):
            await self._refuse(news, reason)
        else:
            await self._store(news, text)

    async def _store(self, news: ProgrammeNews, text: bytes) -> None:
        def change(tx: Transaction) -> None:
            tx.store_programme(text, news)
            tx.set_mark(WANTED, "")

        try:
            await self._write(change)
        except Refused as refusal:
            await self._refuse(news, str(refusal))
            return
        log.info("programme stored", programme=news.id, version=news.version)
        self._on_programme(text, news.id)

    async def _refuse(self, news: ProgrammeNews, reason: str) -> None:
        log.error("programme refused", programme=news.id, version=news.version, reason=reason)
        noted = {"note": "programme refused", "programme": news.id, "version": news.version, "reason": reason}

        def change(tx: Transaction) -> None:
            tx.append(Draft("NOTE", data=noted))
            tx.set_mark(WANTED, "")

        await self._write(change)

    async def _write(self, change: Callable[..., object]) -> None:
        await asyncio.wrap_future(self._ledger.write(change))
