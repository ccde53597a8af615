"""Past receipts: what was rung up, by whom, when; from a file of JSON lines, or from head office's log."""

import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from agent.documents import decode_json
from agent.errors import DocumentError, Mistake
from agent.loyalty.basket import Basket
from agent.loyalty.member import MemberFacts


class PastReturn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods of a sale that came back: when, and of which lines how many minor units as rung up."""

    at: Annotated[datetime, Meta(tz=True)]
    lines: dict[int, Annotated[int, Meta(ge=0)]]


class PastReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sale that happened: its basket, the moment it was judged by, and the member facts of that moment.

    Without facts the customer was unknown.  `back` is what came back of it later.  A voided sale is none.
    """

    basket: Basket
    at: Annotated[datetime, Meta(tz=True)]
    facts: MemberFacts | None = None
    draw: int = 0
    back: list[PastReturn] = msgspec.field(default_factory=list)


class Source(Protocol):
    """Where past receipts come from, in the order of time; workers get a copy each and read it themselves."""

    def __iter__(self) -> Iterator[PastReceipt]:
        """Yield every receipt."""

    def count(self) -> int:
        """Return how many there are, 0 if nobody knows beforehand."""


class ReceiptFile:
    """A file with one past receipt a line, JSON; one that ends in .gz is read through gzip."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def count(self) -> int:
        """Return the number of its lines.

        Raises:
            DocumentError: it ends in .gz and is not whole.
        """
        return sum(1 for line in self._lines() if line.strip())

    def __iter__(self) -> Iterator[PastReceipt]:
        """Yield the receipts.

        Raises:
            DocumentError: a line is none, with all its mistakes and its number; or as `count`.
        """
        for number, line in enumerate(self._lines(), 1):
            if line.strip():
                yield decode_json(line, PastReceipt, what=f"{self._path.name}:{number}")

    def _lines(self) -> Iterator[bytes]:
        opened = gzip.open if self._path.suffix == ".gz" else open
        try:
            with opened(self._path, "rb") as lines:
                yield from lines
        except (EOFError, gzip.BadGzipFile, zlib.error) as failure:
            mistake = Mistake("/", "not_gzip", {"detail": str(failure)}, "copy the file again: it is torn")
            raise DocumentError(self._path.name, [mistake]) from None
