"""What the ledger hands out: small records, plain values, nothing that holds a connection."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from agent.loyalty.member import MemberFacts


class MemberRef(NamedTuple):
    """Whose card a tag is."""

    member: str
    status: str
    card_blocked: bool


class Slice(NamedTuple):
    """Points of one lot under one allowance."""

    allowance: int
    lot: str
    amount: int


class StoredReceipt(NamedTuple):
    """A receipt as answered: its state, the hash of its content, the answer, and where its entries lie."""

    receipt_id: str
    state: str
    content_hash: bytes
    answer: dict[str, Any]
    member: str
    incarnation: str
    seqs: list[int]

    @property
    def is_paid(self) -> bool:
        """Whether it was committed; one that was cancelled before has no content."""
        return bool(self.content_hash)


class StoredHold(NamedTuple):
    """Points set aside while a customer pays; it lapses at `until_ms` (wall clock)."""

    receipt_id: str
    member: str
    until_ms: int
    wallets: dict[str, list[Slice]]


class StoredProgramme(NamedTuple):
    """The programme in force, as published."""

    id: str
    version: int
    text: bytes
    sha256: str


class LedgerStatus(NamedTuple):
    """How the ledger stands; `frozen` says why spending stopped, or nothing.

    `directory` is the cursor of the member directory in use, 0 before the first.
    """

    incarnation: str
    head_seq: int
    acknowledged: int
    booked: int
    backlog: int
    frozen: str
    writable: bool
    directory: int


class LotSlice(Protocol):
    """A part of one lot as head office sets it aside; dates are ISO 8601, empty: none."""

    @property
    def lot(self) -> str:
        """Return the lot's name."""
        ...

    @property
    def amount(self) -> int:
        """Return its points."""
        ...

    @property
    def active_from(self) -> str:
        """Return its first day."""
        ...

    @property
    def expires_on(self) -> str:
        """Return its last day."""
        ...

    @property
    def ends_at(self) -> str:
        """Return the instant at which it ends."""
        ...


class AllowanceLike(Protocol):
    """An allowance as it arrives (agent.sync.wire lies above this room)."""

    @property
    def of(self) -> int:
        """Return out of which of the pool's own allowances, 0: head office gave it."""
        ...

    @property
    def incarnation(self) -> str:
        """Return for which journal it is."""
        ...

    @property
    def number(self) -> int:
        """Return its number, never used again."""
        ...

    @property
    def member(self) -> str:
        """Return whose points."""
        ...

    @property
    def wallet(self) -> str:
        """Return of which wallet."""
        ...

    @property
    def honour_until_ms(self) -> int:
        """Return until when new spending may begin."""
        ...

    @property
    def giver(self) -> str:
        """Return who gave it: empty for head office, else the pool's incarnation."""
        ...

    @property
    def purpose(self) -> str:
        """Return BASKET or STOCK."""
        ...

    @property
    def lots(self) -> Sequence[LotSlice]:
        """Return its lots."""
        ...


class MemberRowLike(Protocol):
    """A member as it arrives."""

    @property
    def member(self) -> str:
        """Return the pseudonym."""
        ...

    @property
    def version(self) -> int:
        """Return a number that only rises."""
        ...

    @property
    def card_tags(self) -> list[bytes]:
        """Return the tags of the member's cards."""
        ...

    @property
    def blocked_tags(self) -> list[bytes]:
        """Return those that must not serve."""
        ...

    @property
    def facts(self) -> MemberFacts:
        """Return the figures."""
        ...


class ErasedLike(Protocol):
    """Who is to be forgotten, as it arrives."""

    @property
    def member(self) -> str:
        """Return the pseudonym."""
        ...

    @property
    def version(self) -> int:
        """Return the change number from which directories lack it."""
        ...


class DeltaLike(Protocol):
    """A page of news as it arrives."""

    @property
    def from_cursor(self) -> int:
        """Return where the page begins."""
        ...

    @property
    def to_cursor(self) -> int:
        """Return where it ends."""
        ...

    @property
    def booked_seq(self) -> int:
        """Return the last entry of ours in these figures, -1 if not told."""
        ...

    @property
    def members(self) -> Sequence[MemberRowLike]:
        """Return who changed."""
        ...

    @property
    def erased(self) -> Sequence[ErasedLike]:
        """Return who must be forgotten."""
        ...

    @property
    def allowances(self) -> Sequence[AllowanceLike]:
        """Return what was placed for this journal."""
        ...

    @property
    def recalls(self) -> Sequence[int]:
        """Return numbers that are to be given back."""
        ...

    @property
    def stock_from(self) -> int:
        """Return after which change these two begin."""
        ...

    @property
    def stock_to(self) -> int:
        """Return up to which change they tell, below zero: of nothing."""
        ...


class NewsLike(Protocol):
    """A programme's announcement as it arrives."""

    @property
    def id(self) -> str:
        """Return its name."""
        ...

    @property
    def version(self) -> int:
        """Return its version."""
        ...

    @property
    def sha256(self) -> str:
        """Return its hash."""
        ...

    @property
    def signature(self) -> bytes:
        """Return the publisher's signature."""
        ...


def instant(text: str) -> float:
    """Return seconds since 1970 of an RFC 3339 text, for comparing only."""
    return datetime.fromisoformat(text).timestamp()
