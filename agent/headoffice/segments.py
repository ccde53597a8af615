"""Segments: every batch as it arrived, one file per journal, on disk before anybody hears ACK.

A record is length (4 bytes, big-endian), time of acceptance (8 bytes, milliseconds), BLAKE2b-128 of all
the rest, payload.  A power cut may tear the last record, which nobody was told of; the server
cuts such a tail off at its start, keeps the bytes beside, and rebuilds what `received` says.
"""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from agent.errors import LedgerDamaged, LedgerReadOnly
from agent.journal.chain import chain_end, genesis
from agent.sync.packing import Unpackable, unpacked
from agent.sync.wire import MAX_BODY_BYTES, Push, Sealed

CHECK_BYTES = 16
TIME_BYTES = 8
HEADER_BYTES = 4 + TIME_BYTES + CHECK_BYTES
_decode_sealed = msgspec.msgpack.Decoder(Sealed).decode
_decode_message = msgspec.msgpack.Decoder(Push).decode


Append = Callable[[Path, bytes, int], None]
"""Puts bytes at a place of a file, made if there is none; when it returns, they are on the disk."""


class Received(NamedTuple):
    """One entry as received: its number, canonical bytes, and when its batch was accepted."""

    seq: int
    body: bytes
    accepted_ms: int


@dataclass(slots=True)
class Segment:
    """One journal as received: its end, and where each batch begins."""

    path: Path
    seq: int
    hash: bytes
    size: int = 0
    lasts: list[int] = field(default_factory=list)
    """The last sequence number of each batch, rising."""
    offsets: list[int] = field(default_factory=list)


class Segments:
    """All received journals of one head office.

    Only the server opens them `for_writing`: what looks torn to a reader may be a record on its way.
    """

    def __init__(self, folder: Path, *, for_writing: bool, append: Append | None = None) -> None:
        self._folder = folder
        self._append = append or append_durably
        self._for_writing = for_writing
        folder.mkdir(parents=True, exist_ok=True)
        self._segments = {
            path.stem: _scan(path, cut=for_writing) for path in sorted(folder.glob("*.segment"))
        }

    def incarnations(self) -> list[str]:
        """Return the journals of which something was received."""
        return sorted(self._segments)

    def received(self, incarnation: str) -> tuple[int, bytes]:
        """Return how far this journal is durably here: number and hash of its last entry."""
        segment = self._segments.get(incarnation)
        return (segment.seq, segment.hash) if segment else (0, genesis(incarnation))

    def append(self, push: Push, raw: bytes, accepted_ms: int) -> None:
        """Put one checked batch on disk; when this returns, it stays.

        Raises:
            LedgerReadOnly: it could not be written; nothing of it counts.
        """
        assert self._for_writing
        segment = self._segments.get(push.incarnation)
        if segment is None:
            path = self._folder / f"{push.incarnation}.segment"
            segment = Segment(path, 0, genesis(push.incarnation))
        record = _record(raw, accepted_ms)
        try:
            self._append(segment.path, record, segment.size)
        except OSError as failure:
            raise LedgerReadOnly(
                f"{segment.path} cannot be written: {failure.strerror}", remedy="make room, look at the disk"
            ) from None
        segment.seq = push.first_seq + len(push.entries) - 1
        segment.hash = push.last_hash
        segment.offsets.append(segment.size)
        segment.lasts.append(segment.seq)
        segment.size += len(record)
        self._segments[push.incarnation] = segment

    def entries(self, incarnation: str, after_seq: int) -> Iterator[Received]:
        """Yield everything above `after_seq`, in order."""
        segment = self._segments.get(incarnation)
        if segment is None:
            return
        first = bisect_left(segment.lasts, after_seq + 1)
        for sealed, accepted_ms in _read_from(segment, first):
            push = _push_of(sealed)
            for seq, body in enumerate(push.entries, start=push.first_seq):
                if seq > after_seq:
                    yield Received(seq, body, accepted_ms)

    def sealed(self, incarnation: str) -> Iterator[Sealed]:
        """Yield every batch as it arrived, signature included."""
        segment = self._segments.get(incarnation)
        if segment is not None:
            yield from (sealed for sealed, _ in _read_from(segment, 0))


def _read_from(segment: Segment, first: int) -> Iterator[tuple[Sealed, int]]:
    """Yield batches from the `first`-th on; only those that were there when this began."""
    count = len(segment.offsets)
    if first >= count:
        return
    with segment.path.open("rb") as file:
        file.seek(segment.offsets[first])
        for _ in range(first, count):
            record = _read_record(file)
            if record is None:
                raise LedgerDamaged(f"{segment.path} changed under us", remedy="restore a backup of it")
            yield _decode_sealed(record[0]), record[1]


def _scan(path: Path, *, cut: bool) -> Segment:
    """Find the end of a journal; with `cut`, take a torn tail off the file and keep it beside.

    Raises:
        LedgerDamaged: a sound record does not continue the one before.
    """
    segment = Segment(path, 0, genesis(path.stem))
    with path.open("r+b" if cut else "rb") as file:
        while (record := _read_record(file)) is not None:
            try:
                push = _push_of(_decode_sealed(record[0]))
            except (msgspec.DecodeError, Unpackable) as failure:
                raise LedgerDamaged(f"{path} holds a batch that is none: {failure}") from None
            if (push.first_seq, push.previous_hash) != (segment.seq + 1, segment.hash):
                raise LedgerDamaged(f"{path} does not chain after entry {segment.seq}", remedy="restore it")
            segment.seq = push.first_seq + len(push.entries) - 1
            segment.hash = chain_end(segment.hash, push.entries)
            segment.offsets.append(segment.size)
            segment.lasts.append(segment.seq)
            segment.size = file.tell()
        if cut and path.stat().st_size > segment.size:
            file.seek(segment.size)
            path.with_suffix(f".torn-{segment.size}").write_bytes(file.read())
            file.truncate(segment.size)
            os.fsync(file.fileno())
    return segment


def _push_of(sealed: Sealed) -> Push:
    """Read a batch as it arrived, packed or not."""
    return _decode_message(unpacked(sealed.payload, MAX_BODY_BYTES))


def _record(raw: bytes, accepted_ms: int) -> bytes:
    head = len(raw).to_bytes(4, "big") + accepted_ms.to_bytes(TIME_BYTES, "big")
    return head + blake2b(head + raw, digest_size=CHECK_BYTES).digest() + raw


def _read_record(file: BinaryIO) -> tuple[bytes, int] | None:
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    head, check = header[:-CHECK_BYTES], header[-CHECK_BYTES:]
    raw = file.read(int.from_bytes(head[:4], "big"))
    if blake2b(head + raw, digest_size=CHECK_BYTES).digest() != check:
        return None
    return raw, int.from_bytes(head[4:], "big")


def append_durably(path: Path, record: bytes, at: int) -> None:
    """Write bytes at a place of a file and wait for the disk, for the folder too if the file is new."""
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        view, offset = memoryview(record), at
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
