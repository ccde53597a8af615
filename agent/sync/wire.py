"""Every message between a till and head office, as MessagePack; the only words both ends share.

Each is safe to lose, repeat and reorder.  Unknown fields are passed over, so both ends can grow;
`protocol` in HELLO and WELCOME decides what may be said at all.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.loyalty.member import MemberFacts
from agent.sync.announced import (
    DirectoryNews,
    Erased,
    Greeting,
    GreetRequest,
    Peers,
    People,
    PeopleTaken,
    ProgrammeNews,
    SealingKey,
    Sequence,
)

PROTOCOL = 2
"""2: batches and pages may be packed, a batch has up to 2000 entries, a pull may wait, a slot is obeyed."""
PACKED_SINCE = SLOTS_SINCE = 2
MAX_BATCH_ENTRIES = 2000
MAX_BODY_BYTES = 4 * 1024 * 1024
Incarnation = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Amount = Annotated[int, Meta(ge=0, le=2**53)]


class Sealed(msgspec.Struct, frozen=True):
    """The envelope of every till message: `signature` is Ed25519 over path ‖ NUL ‖ payload."""

    till: str
    payload: bytes
    signature: bytes


class EnrolRequest(msgspec.Struct, frozen=True, tag="ENROL"):
    """A new till shows its one-time code and the public half of the key it just made (32 bytes)."""

    code: str
    public_key: bytes


class Enrolled(msgspec.Struct, frozen=True, tag="ENROLLED"):
    """Who the till is, the fleet key for tags (32 bytes), and the key that signs programmes (32 bytes)."""

    till: str
    store: str
    fleet_key: bytes
    publisher_key: bytes


class Hello(msgspec.Struct, frozen=True, tag="HELLO"):
    """A till presents itself: which journal, how far it is, what it knows.

    `highest_number` is the highest allowance this journal ever had from whom it greets: books that lack it
    are older.  `role` is "till", or "pool" for one that holds its store's slice and lends from it.  `pool`:
    towards a pool, the journal of the one that `backlog` and `highest_number` are about.
    """

    incarnation: Incarnation
    head_seq: Sequence
    head_hash: bytes
    cursor: int = 0
    boot: str = ""
    wall_ms: int = 0
    backlog: int = 0
    held: list[int] = []
    program_version: str = ""
    programme_version: int = 0
    protocol: int = PROTOCOL
    highest_number: Annotated[int, Meta(ge=0, le=2**53)] = 0
    role: str = "till"
    pool: str = ""


class Welcome(msgspec.Struct, frozen=True, tag="WELCOME"):
    """Head office knows this journal up to `received_seq` and wants what follows.

    `epoch` is bound to the incarnation at its first HELLO; `fenced`: no allowances for it any more, its
    journal is still taken.  `protocol` is the newest that both ends know.  `slot_ms`: the backlog has its
    turn in so many milliseconds, nothing else waits for it.  `giver` is the journal that a pool lends from.
    """

    epoch: int
    received_seq: Sequence
    received_hash: bytes
    highest_number: int = 0
    batch_limit: int = MAX_BATCH_ENTRIES
    fenced: bool = False
    wall_ms: int = 0
    protocol: int = 1
    slot_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 0
    giver: str = ""


class Push(msgspec.Struct, frozen=True, tag="PUSH"):
    """Entries `first_seq`… of one journal, as canonical bytes, between two hashes.

    `backlog` is how many more the till has: advice, for the time of a refusal.
    """

    incarnation: Incarnation
    first_seq: Annotated[int, Meta(ge=1)]
    previous_hash: bytes
    entries: Annotated[list[bytes], Meta(min_length=1, max_length=5000)]
    last_hash: bytes
    backlog: Annotated[int, Meta(ge=0, le=2**53)] = 0


class Acknowledged(msgspec.Struct, frozen=True, tag="ACK"):
    """Entries up to here lie on head office's disk; the hash names exactly which."""

    incarnation: str
    received_seq: Sequence
    received_hash: bytes
    notes: list[str] = []


class Gap(msgspec.Struct, frozen=True, tag="GAP"):
    """Send from here: head office has nothing above `received_seq`."""

    received_seq: Sequence
    received_hash: bytes


class Fork(msgspec.Struct, frozen=True, tag="FORK"):
    """Two journals claim to be this one; `seq` is the last number both agree on, spending stops."""

    seq: Sequence


class Retry(msgspec.Struct, frozen=True, tag="RETRY"):
    """Come again after so many milliseconds."""

    after_ms: Annotated[int, Meta(ge=0, le=3_600_000)]


class Refusal(msgspec.Struct, frozen=True, tag="REFUSAL"):
    """No, for a reason with a stable code, in a sentence."""

    code: str
    detail: str


class LotSlice(msgspec.Struct, frozen=True):
    """A part of one lot, with the lot's own dates (ISO 8601, local days; empty: none)."""

    lot: str
    amount: Amount
    active_from: str = ""
    expires_on: str = ""
    ends_at: str = ""


class AllowanceRequest(msgspec.Struct, frozen=True, tag="ALLOWANCE-REQ"):
    """May I spend up to `amount` points of this wallet?  The same `request_id` gets the same answer.

    `pool` names the pool that is asked at the same moment: what it holds need not come home for this.
    """

    incarnation: Incarnation
    request_id: str
    member: str
    wallet: str
    amount: Amount
    minimum: Amount = 1
    purpose: str = "BASKET"
    pool: str = ""


class Allowance(msgspec.Struct, frozen=True, tag="ALLOWANCE"):
    """Points set aside for this incarnation; no new spending after `honour_until_ms` (wall clock).

    `purpose`: BASKET was asked for at a card read and goes home after the sale; STOCK was placed unasked
    and stays.  `giver` is who gave it: empty for head office, else the incarnation of a store's pool, which
    lends out of its own allowance `of`.
    """

    incarnation: str
    number: Annotated[int, Meta(ge=1)]
    member: str
    wallet: str
    amount: Amount
    lots: list[LotSlice]
    honour_until_ms: int
    purpose: str = "BASKET"
    giver: str = ""
    of: Annotated[int, Meta(ge=0, le=2**53)] = 0


class Deny(msgspec.Struct, frozen=True, tag="DENY"):
    """No allowance; `free` is what head office could have given.

    `recalled`: it lies in stock elsewhere and is on its way home; ask again a moment later.
    """

    reason: str
    free: Amount = 0


class MemberRequest(msgspec.Struct, frozen=True, tag="MEMBER-REQ"):
    """Whose is this tag?  For a card the till's directory does not know."""

    incarnation: Incarnation
    card_tag: bytes


class MemberRow(msgspec.Struct, frozen=True, tag="MEMBER"):
    """A member as the till keeps it: pseudonym, tags of its cards, facts; `version` only rises.

    Facts' wallets hold all lots with what remains of them (open allowances included), without
    `usable_offline`.  `blocked_tags` are cards of this member that must not serve any more.
    """

    member: str
    version: int
    card_tags: list[bytes]
    facts: MemberFacts
    blocked_tags: list[bytes] = []


class NoMember(msgspec.Struct, frozen=True, tag="NO-MEMBER"):
    """Nobody has this tag."""


class Pull(msgspec.Struct, frozen=True, tag="PULL"):
    """What is new since `cursor`?  `directory` is the cursor of the one in use, 0 if there is none.

    `stock` is how far the till was told of what is placed for it, -1 if it cannot keep any: a cursor of
    its own, since a directory stands in for news of members but brings no allowance.  `peers` is the
    signature of the list of tills that a pool has (a byte where it has none).
    With nothing new, head office may keep the answer back for up to `wait_ms`; `packed` takes a packed
    one.  `sealing_key` is the one that the till has, empty if none.
    """

    incarnation: Incarnation
    cursor: int
    directory: int = 0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    stock: int = -1
    packed: bool = False
    sealing_key: Annotated[bytes, Meta(max_length=64)] = b""
    wait_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0
    peers: bytes = b""


class Delta(msgspec.Struct, frozen=True, tag="DELTA"):
    """Changes in (from_cursor, to_cursor].

    `booked_seq` is the last entry of the asking journal that these figures contain; it is only given
    (≥ 0) with the last page, -1 before.  `allowances` were placed for the asking journal, and `recalls`
    are numbers it is to give back, in (stock_from, stock_to]; a negative `stock_to` tells of neither.
    """

    from_cursor: int
    to_cursor: int
    more: bool
    booked_seq: int
    members: list[MemberRow] = []
    programmes: list[ProgrammeNews] = []
    directory: DirectoryNews | None = None
    notes: list[str] = []
    erased: list[Erased] = []
    allowances: list[Allowance] = []
    recalls: list[int] = []
    stock_from: int = 0
    stock_to: int = -1
    sealing_key: SealingKey | None = None
    peers: Peers | None = None


HelloAnswer = Welcome | Fork | Retry | Refusal
PushAnswer = Acknowledged | Gap | Fork | Retry | Refusal
AllowanceAnswer = Allowance | Deny | Retry | Refusal
MemberAnswer = MemberRow | NoMember | Retry | Refusal
GreetAnswer = Greeting | Retry | Refusal
PullAnswer = Delta | Retry | Refusal
PeopleAnswer = PeopleTaken | Retry | Refusal
EnrolAnswer = Enrolled | Refusal

PATHS: dict[type, str] = {
    EnrolRequest: "/v1/till/enrol",
    Hello: "/v1/till/hello",
    Push: "/v1/till/push",
    AllowanceRequest: "/v1/till/allowance",
    MemberRequest: "/v1/till/member",
    GreetRequest: "/v1/till/greet",
    Pull: "/v1/till/pull",
    People: "/v1/till/people",
}
BLOB_PATH = "/v1/till/blob/"

encode = msgspec.msgpack.Encoder().encode
