"""A head office in memory that keeps what it is told: what the state machines talk to in tests.

`bug` plants one: "repeats" books what comes again again, "blind" acknowledges without keeping.
"""

from collections import deque
from hashlib import sha256
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from agent.errors import Rejected, Unreachable
from agent.journal.chain import chain_end, genesis
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.announced import ProgrammeNews
from agent.sync.signing import is_from
from agent.sync.wire import (
    BLOB_PATH,
    PATHS,
    Acknowledged,
    Allowance,
    AllowanceRequest,
    Delta,
    Deny,
    Fork,
    Gap,
    Hello,
    LotSlice,
    MemberRequest,
    MemberRow,
    NoMember,
    Pull,
    Push,
    Sealed,
    Welcome,
    encode,
)

Bug = Literal["", "repeats", "blind"]
POINTS = 100
PROGRAMME = """
[programme]
id = "test"
version = {version}
semantics = 1
currency = "EUR"
time_zone = "UTC"
minor_digits = 2
"""


def member(name: str, points: int = 10, version: int = 1) -> MemberRow:
    """Make a member with one lot."""
    wallets = {"points": WalletFacts([Lot("l", points)])}
    return MemberRow(name, version, [name.encode()], MemberFacts(member=name, wallets=wallets))


class Journal:
    """One journal as received."""

    def __init__(self, incarnation: str) -> None:
        self.bodies: list[bytes] = []
        self.hashes = [genesis(incarnation)]

    @property
    def end(self) -> tuple[int, bytes]:
        """Number and hash of the last entry."""
        return len(self.bodies), self.hashes[-1]


class Desk:
    """Answers wire messages; `scripted` answers come first, `heard` keeps every message.

    Each member has `POINTS` in one wallet, given to whoever asks first.
    """

    def __init__(self, *, bug: Bug = "") -> None:
        self.journals: dict[str, Journal] = {}
        self.heard: list[Any] = []
        self.scripted: deque[Any] = deque()
        self.members: list[MemberRow] = []
        self.programmes: list[ProgrammeNews] = []
        self.blobs: dict[str, bytes] = {}
        self.publisher = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
        self.is_down = False
        self.batch_limit = 500
        self.booked = 0
        self.epochs: list[str] = []
        self.repeats = 0
        self.given: dict[str, Allowance] = {}
        self.bug = bug

    @property
    def publisher_key(self) -> bytes:
        return self.publisher.public_key().public_bytes_raw()

    def publish(self, text: bytes, *, version: int, name: str = "test") -> ProgrammeNews:
        digest = sha256(text).hexdigest()
        self.blobs[digest] = text
        news = ProgrammeNews(name, version, digest, self.publisher.sign(digest.encode()))
        self.programmes.append(news)
        return news

    def answer(self, message: Any) -> Any:
        self.heard.append(message)
        if self.scripted:
            return self.scripted.popleft()
        match message:
            case Hello(incarnation=incarnation):
                if incarnation not in self.epochs:
                    self.epochs.append(incarnation)
                seq, held = self.journals.setdefault(incarnation, Journal(incarnation)).end
                epoch = self.epochs.index(incarnation) + 1
                return Welcome(epoch, seq, held, batch_limit=self.batch_limit)
            case Push():
                return self._take(message)
            case Pull(cursor=cursor):
                return self._page(cursor)
            case AllowanceRequest():
                return self._give(message)
            case MemberRequest():
                return NoMember()

    def _take(self, push: Push) -> Any:
        journal = self.journals[push.incarnation]
        seq, held = journal.end
        if push.first_seq > seq + 1:
            return Gap(seq, held)
        if push.first_seq <= seq:
            self.repeats += 1
            if self.bug == "repeats":
                journal.bodies.extend(push.entries)
            return Acknowledged(push.incarnation, seq, held)
        if push.previous_hash != held or chain_end(held, push.entries) != push.last_hash:
            return Fork(seq)
        if self.bug == "blind":
            return Acknowledged(push.incarnation, seq + len(push.entries), push.last_hash)
        for body in push.entries:
            journal.bodies.append(body)
            journal.hashes.append(chain_end(journal.hashes[-1], [body]))
        return Acknowledged(push.incarnation, *journal.end)

    def _give(self, request: AllowanceRequest) -> Allowance | Deny:
        if request.request_id not in self.given:
            if any(one.member == request.member for one in self.given.values()):
                return Deny("too_few")
            number, lots = len(self.given) + 1, [LotSlice("l", POINTS)]
            self.given[request.request_id] = Allowance(
                request.incarnation, number, request.member, request.wallet, POINTS, lots, 2**50
            )
        return self.given[request.request_id]

    def _page(self, cursor: int) -> Delta:
        changes: list[Any] = [*self.members, *self.programmes]
        page = changes[cursor : cursor + 250]
        more = cursor + len(page) < len(changes)
        return Delta(
            cursor,
            cursor + len(page),
            more=more,
            booked_seq=-1 if more else self.booked,
            members=[one for one in page if isinstance(one, MemberRow)],
            programmes=[one for one in page if isinstance(one, ProgrammeNews)],
        )


class DeskDoor:
    """The desk without a network."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def send(self, message: Any, answer: Any) -> Any:
        if self._desk.is_down:
            raise Unreachable("the line is cut")
        return msgspec.msgpack.decode(encode(self._desk.answer(message)), type=answer)

    async def blob(self, sha256: str) -> bytes:
        if self._desk.is_down:
            raise Unreachable("the line is cut")
        if sha256 not in self._desk.blobs:
            raise Rejected("no such blob")
        return self._desk.blobs[sha256]


def app_of(desk: Desk, public_key: bytes) -> Any:
    """Serve a desk over HTTP to the one till that holds this key."""
    kinds = {path: kind for kind, path in PATHS.items()}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        path = request.url.path
        if path.startswith(BLOB_PATH):
            content = desk.blobs.get(path.removeprefix(BLOB_PATH))
            response = Response(
                content or b"", 200 if content else 404, media_type="application/octet-stream"
            )
        else:
            try:
                body = await request.body()
            except ClientDisconnect:
                return  # half a message is no message
            sealed = msgspec.msgpack.decode(body, type=Sealed)
            if is_from(sealed, path, public_key):
                message: Any = msgspec.msgpack.decode(sealed.payload, type=kinds[path])
                response = Response(encode(desk.answer(message)), media_type="application/msgpack")
            else:
                response = Response(b"", 401)
        await response(scope, receive, send)

    return app
