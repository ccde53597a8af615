"""Member directories: announced with the news, fetched piece by piece, put to use when they are whole.

A till that starts anew takes a directory in place of all news before it; another waits until its news
have passed the directory, since one that is ahead may contain own receipts that still count here.
Each pull fetches for a few seconds only: selling and pushing never wait for hundreds of megabytes.
"""

import asyncio
import zlib
from collections.abc import Callable
from hashlib import sha256

import msgspec
import structlog

from agent.clock import Clock
from agent.errors import LedgerDamaged, Rejected
from agent.ledger.arriving import Arriving, Piece
from agent.ledger.ledger import Ledger
from agent.ledger.writer import NEWS
from agent.sync.announced import DirectoryNews, PieceList, PieceNews
from agent.sync.programmes import Door
from agent.sync.signing import is_signed_by

log = structlog.get_logger()
SLICE_S = 2.0
ROWS_AT_ONCE = 100
"""Rows dropped in one transaction: larger ones would keep a sale waiting."""
_list_of = msgspec.msgpack.Decoder(PieceList).decode


class Directories:
    """Takes in the directory that was announced last."""

    def __init__(self, ledger: Ledger, door: Door, *, clock: Clock, publisher_key: bytes) -> None:
        self._ledger = ledger
        self._door = door
        self._clock = clock
        self._publisher_key = publisher_key
        self._news: DirectoryNews | None = None
        self._pieces: list[PieceNews] = []
        self._arriving: Arriving | None = None
        self._refused = ""

    def announced(self, news: DirectoryNews | None) -> None:
        """Hear what a page of news says; an older directory than the one in use is none."""
        is_newer = news is not None and news.cursor > self._ledger.read.directory_cursor()
        if news is not None and is_newer and news.sha256 != self._refused and news != self._news:
            self._news, self._pieces, self._arriving = news, [], None

    def is_shortcut(self) -> bool:
        """Say whether the announced directory stands in for news that were not told yet."""
        reader = self._ledger.read
        has_unbooked = reader.head()[0] > reader.mark("booked")
        return self._news is not None and self._news.cursor > reader.mark("cursor") and not has_unbooked

    async def fetch(self) -> None:
        """Fetch for a few seconds; put the directory to use if it is whole, else go on with the next pull.

        Raises:
            Unreachable: head office is away.
            LedgerReadOnly: the disk is full.
        """
        news = self._news
        is_ahead = news is not None and news.cursor > self._ledger.read.mark("cursor")
        if news is None or (is_ahead and not self.is_shortcut()):
            return
        try:
            until_s = self._clock.monotonic_s() + SLICE_S
            arriving = self._arriving or await self._begin(news)
            while not arriving.is_whole and self._clock.monotonic_s() < until_s:
                await self._fetch_piece(arriving)
            if arriving.is_whole:
                await self._use(arriving)
        except (Rejected, LedgerDamaged) as failure:
            log.error("member directory refused", cursor=news.cursor, reason=str(failure))  # noqa: TRY400
            self._refused, self._news, self._arriving = news.sha256, None, None

    async def _begin(self, news: DirectoryNews) -> Arriving:
        if not is_signed_by(self._publisher_key, news.sha256.encode(), news.signature):
            raise Rejected("the publisher did not sign it")
        text = _checked(await self._door.blob(news.sha256), news.sha256)
        try:
            told = _list_of(text)
        except msgspec.DecodeError as failure:
            raise Rejected(f"its list of pieces is none: {failure}") from None
        if told.cursor != news.cursor:
            raise Rejected(f"its list is of cursor {told.cursor}")
        self._pieces = told.pieces
        pieces = [Piece(one.sha256, one.size) for one in told.pieces]
        self._arriving = await asyncio.to_thread(self._ledger.arriving, news.cursor, pieces)
        log.info(
            "member directory arriving", cursor=news.cursor, pieces=len(pieces), here=self._arriving.done
        )
        return self._arriving

    async def _fetch_piece(self, arriving: Arriving) -> None:
        piece = self._pieces[arriving.done]
        packed = await self._door.blob(piece.blob)
        await asyncio.to_thread(lambda: arriving.add(_unpacked(packed, piece)))

    async def _use(self, arriving: Arriving) -> None:
        directory = await asyncio.to_thread(arriving.finish)
        cursor = directory.cursor
        try:
            await self._write(lambda tx: tx.use_directory(cursor))
        except BaseException:
            directory.close()
            raise
        self._ledger.put_directory(directory)
        self._news = self._arriving = None
        log.info("member directory in use", cursor=cursor, members=directory.members)
        while await self._write(lambda tx: tx.drop_contained(cursor, ROWS_AT_ONCE)) == ROWS_AT_ONCE:
            pass

    async def _write(self, change: Callable[..., int | None]) -> int | None:
        return await asyncio.wrap_future(self._ledger.write(change, lane=NEWS))


def _checked(content: bytes, digest: str) -> bytes:
    """Return the bytes if they have the hash; what head office holds damaged must not keep a till away."""
    if sha256(content).hexdigest() != digest:
        raise Rejected("a blob has not the bytes that its name tells")
    return content


def _unpacked(packed: bytes, piece: PieceNews) -> bytes:
    """Unpack a piece, never to much more than it should hold; `Arriving` compares it with its hash."""
    try:
        return zlib.decompressobj().decompress(_checked(packed, piece.blob), piece.size + 1)
    except zlib.error as failure:
        raise Rejected(f"a piece cannot be unpacked: {failure}") from None
