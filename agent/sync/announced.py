"""What a page of news announces, and what is told of people: boxes with their key, a name to greet by."""

from typing import Annotated

import msgspec
from msgspec import Meta

NAME_CHARACTERS = 64
MAX_PIECE_BYTES = 8 * 1024 * 1024
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Sequence = Annotated[int, Meta(ge=0, le=2**62)]


class ProgrammeNews(msgspec.Struct, frozen=True):
    """A programme version to fetch by hash; `signature` is the publisher's over the sha256 text."""

    id: str
    version: int
    sha256: str
    signature: bytes
    active_from_ms: int = 0


class DirectoryNews(msgspec.Struct, frozen=True):
    """A member directory as of `cursor`; `sha256` names its list of pieces, which the publisher signed."""

    cursor: Sequence
    sha256: str
    signature: bytes


class PieceNews(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a directory: the blob to fetch (zlib), SHA-256 (hex) and length of what is in it."""

    blob: Digest
    sha256: Digest
    size: Annotated[int, Meta(ge=1, le=MAX_PIECE_BYTES)]


class PieceList(msgspec.Struct, frozen=True, tag="DIRECTORY"):
    """The pieces of one directory in the order of its file."""

    cursor: Sequence
    pieces: Annotated[list[PieceNews], Meta(min_length=1, max_length=100_000)]


class Erased(msgspec.Struct, frozen=True, array_like=True):
    """A member to forget, cards and all; a directory as of `version` or later does not know it."""

    member: str
    version: int


class Peers(msgspec.Struct, frozen=True):
    """A store's tills, for its pool: MessagePack of [till, public key]s, and the publisher's signature."""

    listed: bytes
    signature: bytes


class SealingKey(msgspec.Struct, frozen=True):
    """Head office's public key for boxes (X25519, 32 bytes), signed by the publisher."""

    key: bytes
    signature: bytes


class BoxSent(msgspec.Struct, frozen=True, array_like=True):
    """A box about a member, which head office alone can open; `number` is the till's own."""

    number: Annotated[int, Meta(ge=1, le=2**62)]
    member: Annotated[str, Meta(min_length=1, max_length=64)]
    box: Annotated[bytes, Meta(max_length=4096)]


class People(msgspec.Struct, frozen=True, tag="PEOPLE"):
    """Personal data that must not stay at a till; it travels outside the journal, so it can be erased."""

    incarnation: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    boxes: Annotated[list[BoxSent], Meta(min_length=1, max_length=100)]


class PeopleTaken(msgspec.Struct, frozen=True, tag="PEOPLE-TAKEN"):
    """These boxes lie at head office, or cannot be opened by anybody: the till erases them."""

    numbers: list[int]


class GreetRequest(msgspec.Struct, frozen=True, tag="GREET"):
    """By what name may the holder of this card be greeted?"""

    incarnation: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    card_tag: bytes


class Greeting(msgspec.Struct, frozen=True, tag="GREETING"):
    """A first name and an initial, for the screens alone; empty: no consent, or nobody's card."""

    name: Annotated[str, Meta(max_length=NAME_CHARACTERS)] = ""
