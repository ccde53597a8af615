"""NDEF: the text or web address on a contactless tag. Bounded, and lenient with nothing.

Source: NFC Forum Type 2 Tag (TLV blocks from page 4 on), NDEF 1.0, Text RTD 1.0, URI RTD 1.0.
"""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator

MAX_MESSAGE = 1024
MAX_RECORDS = 16
_NULL, _NDEF, _TERMINATOR, _LONG = 0x00, 0x03, 0xFE, 0xFF
_SHORT_RECORD, _HAS_ID, _MESSAGE_END, _CHUNKED, _TYPE_FORMAT = 0x10, 0x08, 0x40, 0x20, 0x07
_WELL_KNOWN = 1
_UTF_16, _LANGUAGE = 0x80, 0x3F
_URI_PREFIXES = (
    "", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:", "ftp://anonymous:anonymous@",
    "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://", "ftp://", "dav://", "news:", "telnet://", "imap:",
    "rtsp://", "urn:", "pop:", "sip:", "sips:", "tftp:", "btspp://", "btl2cap://", "btgoep://", "tcpobex://",
    "irdaobex://", "file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:",
    "urn:nfc:",
)  # fmt: skip


def message_span(memory: bytes) -> tuple[int, int] | None:
    """Find where the NDEF message in a tag's memory (from page 4 on) begins and ends, or None.

    The end may lie beyond `memory`: then more pages have to be read.

    >>> message_span(bytes.fromhex("0103a00c340305d101015430fe"))
    (7, 12)
    """
    at = 0
    while at < len(memory):
        kind = memory[at]
        if kind == _NULL:
            at += 1
            continue
        header = memory[at + 1 : at + 4]
        if kind == _TERMINATOR or not header:
            return None
        start, length = at + 2, header[0]
        if length == _LONG:
            start, length = at + 4, int.from_bytes(header[1:3], "big")
        if kind == _NDEF:
            return (start, start + length) if 0 < length <= MAX_MESSAGE else None
        at = start + length
    return None


def texts_of(message: bytes) -> list[str] | None:
    """Give the texts and addresses of a message in order, or None if it is malformed.

    >>> texts_of(bytes.fromhex("d1010554026465") + b"42")
    ['42']
    """
    texts: list[str] = []
    for count, record in enumerate(_records(message)):
        if record is None or count >= MAX_RECORDS:
            return None
        kind, payload = record
        text = _uri(payload) if kind == b"U" else _text(payload) if kind == b"T" else ""
        if text is None:
            return None
        if text:
            texts.append(text)
    return texts


def _records(message: bytes) -> Iterator[tuple[bytes, bytes] | None]:
    """Give type (of well-known records only) and payload of each record; None where the message breaks."""
    at, is_last = 0, False
    while not is_last:
        flags = message[at] if at < len(message) else _CHUNKED
        size_bytes = 1 if flags & _SHORT_RECORD else 4
        lengths = message[at + 1 : at + 2 + size_bytes + 1]
        if flags & _CHUNKED or len(lengths) < 1 + size_bytes + bool(flags & _HAS_ID):
            yield None
            return
        type_length, size = lengths[0], int.from_bytes(lengths[1 : 1 + size_bytes], "big")
        id_length = lengths[1 + size_bytes] if flags & _HAS_ID else 0
        start = at + 2 + size_bytes + bool(flags & _HAS_ID)
        kind = message[start : start + type_length] if flags & _TYPE_FORMAT == _WELL_KNOWN else b""
        start += type_length + id_length
        if start + size > len(message):
            yield None
            return
        yield kind, message[start : start + size]
        at, is_last = start + size, bool(flags & _MESSAGE_END)


def _text(payload: bytes) -> str | None:
    if not payload:
        return None
    start = 1 + (payload[0] & _LANGUAGE)
    text = payload[start:]
    if not payload[0] & _UTF_16:
        return _decoded(text, "utf-8")
    return _decoded(text, "utf-16" if text[:2] in {BOM_UTF16_BE, BOM_UTF16_LE} else "utf-16-be")


def _uri(payload: bytes) -> str | None:
    if not payload or payload[0] >= len(_URI_PREFIXES):
        return None
    rest = _decoded(payload[1:], "utf-8")
    return None if rest is None else _URI_PREFIXES[payload[0]] + rest


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
