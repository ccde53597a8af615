"""What the ledger hands out: small records, plain values, nothing that holds a connection."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol


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
    """How the ledger stands; `frozen` says why spending stopped, or nothing."""

    incarnation: str
    head_seq: int
    acknowledged: int
    booked: int
    backlog: int
    frozen: str
    writable: bool


class LotSlice(Protocol):
    """A part of one lot as head office sets it aside."""

    lot: str
    amount: int
    active_from: str
    expires_on: str
    ends_at: str


class AllowanceLike(Protocol):
    """An allowance as it arrives (agent.sync.wire lies above this room)."""

    incarnation: str
    number: int
    member: str
    wallet: str
    honour_until_ms: int

    @property
    def lots(self) -> Sequence[LotSlice]:
        """Which lots, and how much of each."""
        ...


class MemberRowLike(Protocol):
    """A member as it arrives."""

    member: str
    version: int
    card_tags: list[bytes]
    blocked_tags: list[bytes]

    @property
    def facts(self) -> Any:
        """The member facts."""
        ...


class DeltaLike(Protocol):
    """A page of news as it arrives."""

    from_cursor: int
    to_cursor: int
    booked_seq: int

    @property
    def members(self) -> Sequence[MemberRowLike]:
        """Members that changed."""
        ...


class NewsLike(Protocol):
    """A programme's announcement as it arrives."""

    id: str
    version: int
    sha256: str
    signature: bytes


def instant(text: str) -> float:
    """Return seconds since 1970 of an RFC 3339 text, for comparing only."""
    return datetime.fromisoformat(text).timestamp()
