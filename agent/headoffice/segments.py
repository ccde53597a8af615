"""Segments: every batch as it arrived, one file per journal, on disk before anybody hears ACK.

A record is length (4 bytes, big-endian), BLAKE2b-128 of the payload, payload.  A cut may tear the last
record; opening removes such a tail.  What `received` says is rebuilt from the files at each start.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import msgspec

from agent.errors import LedgerReadOnly
from agent.journal.chain import genesis, next_hash
from agent.sync.wire import Push, Sealed

CHECK_BYTES = 16
HEADER_BYTES = 4 + CHECK_BYTES
_decode_sealed = msgspec.msgpack.Decoder(Sealed).decode
_decode_push = msgspec.msgpack.Decoder(Push).decode


@dataclass(slots=True)
class Segment:
    """One journal as received: its end, and where each batch begins."""

    path: Path
    seq: int
    hash: bytes
    size: int = 0
    batches: list[tuple[int, int, int]] = field(default_factory=list)
    """(first sequence number, last, offset of the record)."""


class Segments:
    """All received journals of one head office."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._segments: dict[str, Segment] = {}
        for path in sorted(folder.glob("*.segment")):
            self._segments[path.stem] = _scan(path)

    def incarnations(self) -> list[str]:
        """Return the journals known here."""
        return sorted(self._segments)

    def received(self, incarnation: str) -> tuple[int, bytes]:
        """Return how far this journal is durably here: number and hash of its last entry."""
        segment = self._segments.get(incarnation)
        return (segment.seq, segment.hash) if segment else (0, genesis(incarnation))

    def append(self, incarnation: str, push: Push, raw: bytes) -> None:
        """Put one checked batch on disk; when this returns, it stays.

        Raises:
            LedgerReadOnly: it could not be written; nothing of it counts.
        """
        segment = self._segments.get(incarnation)
        if segment is None:
            path = self._folder / f"{incarnation}.segment"
            segment = Segment(path, 0, genesis(incarnation))
        record = len(raw).to_bytes(4, "big") + blake2b(raw, digest_size=CHECK_BYTES).digest() + raw
        try:
            _append_durably(segment.path, record, at=segment.size)
        except OSError as failure:
            raise LedgerReadOnly(f"{segment.path} cannot be written: {failure.strerror}") from None
        last = push.first_seq + len(push.entries) - 1
        segment.batches.append((push.first_seq, last, segment.size))
        segment.size += len(record)
        segment.seq, segment.hash = last, push.last_hash
        self._segments[incarnation] = segment

    def entries(self, incarnation: str, after_seq: int) -> Iterator[tuple[int, bytes]]:
        """Yield (number, canonical bytes) of everything above `after_seq`, in order."""
        segment = self._segments.get(incarnation)
        if segment is None:
            return
        with segment.path.open("rb") as file:
            for first, last, offset in list(segment.batches):
                if last <= after_seq:
                    continue
                file.seek(offset)
                push = _decode_push(_decode_sealed(_read_record(file) or b"").payload)
                for seq, body in enumerate(push.entries, start=first):
                    if seq > after_seq:
                        yield seq, body

    def sealed(self, incarnation: str) -> Iterator[Sealed]:
        """Yield every batch as it arrived, signature included."""
        segment = self._segments[incarnation]
        with segment.path.open("rb") as file:
            for _, _, offset in segment.batches:
                file.seek(offset)
                yield _decode_sealed(_read_record(file) or b"")


def _scan(path: Path) -> Segment:
    """Read a file's records, cut a torn tail, and find the end of its journal."""
    segment = Segment(path, 0, genesis(path.stem))
    with path.open("r+b") as file:
        while True:
            offset = file.tell()
            raw = _read_record(file)
            if raw is None:
                break
            push = _decode_push(_decode_sealed(raw).payload)
            segment.seq = push.first_seq + len(push.entries) - 1
            segment.batches.append((push.first_seq, segment.seq, offset))
            for body in push.entries:
                segment.hash = next_hash(segment.hash, body)
        segment.size = offset
        file.truncate(offset)
        os.fsync(file.fileno())
    return segment


def _read_record(file: BinaryIO) -> bytes | None:
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    raw = file.read(int.from_bytes(header[:4], "big"))
    return raw if blake2b(raw, digest_size=CHECK_BYTES).digest() == header[4:] else None


def _append_durably(path: Path, record: bytes, *, at: int) -> None:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o640)
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
