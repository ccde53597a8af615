"""Programme text to Programme, strictly: every mistake at once, each with file and line.

The result is immutable; what it means is compile.py's part.
"""

import hashlib
import re
import tomllib
from typing import Any

import msgspec

from agent.documents import MAX_MISTAKES, mistakes_in
from agent.errors import DocumentError, Mistake
from agent.loyalty.language import check
from agent.loyalty.language.mend import guessed, mended
from agent.loyalty.language.programme import Programme, Text

MAX_BYTES = 1_000_000
_HEADER = re.compile(r"^\s*\[\[?\s*([^\[\]#]+?)\s*\]\]?")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"'. ]+?)\s*=")


def load_programme(data: bytes, *, name: str) -> Programme:
    """Read one programme file; `name` is what mistakes call it (a file name).

    Raises:
        DocumentError: with every mistake; a pointer reads "name:line /table/key".
    """
    plain, text = _parse(data, name)
    try:
        word, found = _read(plain)
    except RecursionError:
        raise DocumentError(name, [Mistake(name, "too_deep", {}, "nest less deeply")]) from None
    if word is not None and not found:
        canonical = msgspec.json.encode(word, order="deterministic")
        return Programme(word, hashlib.blake2b(canonical, digest_size=32).hexdigest())
    lines = _lines(text)
    unique = list({(one.pointer, one.code): one for one in found}.values())[:MAX_MISTAKES]
    raise DocumentError(name, [_placed(one, name, lines) for one in unique])


def with_lines(found: list[Mistake], data: bytes, *, name: str) -> list[Mistake]:
    """Put file and line before the pointers of what was found in a programme that could be read."""
    lines = _lines(data.decode())
    return [_placed(one, name, lines) for one in found]


def _read(plain: dict[str, Any]) -> tuple[Text | None, list[Mistake]]:
    """Return the text and what is wrong in it; of a broken one also between its sound tables."""
    found = _floats(plain, "")
    told = tuple(f"{one.pointer}/" for one in found)
    found += [one for one in mistakes_in(plain, Text) if not f"{one.pointer}/".startswith(told)]
    if not found:
        word = msgspec.convert(plain, Text)
        return word, check.mistakes(word)
    if (mostly := mended(plain, found)) is not None:
        made_up = [f"{one}/" for one in guessed(found)]
        found += [one for one in check.mistakes(mostly) if not _touches(f"{one.pointer}/", made_up)]
    return None, found


def _touches(pointer: str, others: list[str]) -> bool:
    return any(pointer.startswith(one) or one.startswith(pointer) for one in others)


def _parse(data: bytes, name: str) -> tuple[dict[str, Any], str]:
    if len(data) > MAX_BYTES:
        remedy = f"keep a programme under {MAX_BYTES} bytes"
        raise DocumentError(name, [Mistake(name, "too_long", {"bytes": len(data)}, remedy)])
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise DocumentError(name, [Mistake(name, "not_utf8", {}, "save the file as UTF-8")]) from None
    try:
        return tomllib.loads(text), text
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        line = re.search(r"line (\d+)", str(failure))
        where = f"{name}:{line[1]}" if line else name
        mistake = Mistake(
            where, "not_toml", {"detail": str(failure)}, "correct the TOML; an id may stand once"
        )
        raise DocumentError(name, [mistake]) from None


def _floats(plain: object, at: str) -> list[Mistake]:
    if isinstance(plain, float):
        return [Mistake(at, "float_refused", {"value": str(plain)}, f'write it as a string: "{plain}"')]
    if isinstance(plain, dict):
        return [one for key, value in plain.items() for one in _floats(value, f"{at}/{key}")]
    if isinstance(plain, list):
        return [one for index, value in enumerate(plain) for one in _floats(value, f"{at}/{index}")]
    return []


def _placed(mistake: Mistake, name: str, lines: dict[str, int]) -> Mistake:
    """Put file and line before a pointer: the key's own line, or that of the nearest table around it."""
    at = mistake.pointer
    while at and at not in lines:
        at = at.rpartition("/")[0]
    where = f"{name}:{lines[at]}" if at in lines else name
    return mistake._replace(pointer=f"{where} {mistake.pointer}".strip())


def _lines(text: str) -> dict[str, int]:
    """Map the pointer of each table and key found at a line's start to that line's number."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _pointer(header[1])
            _enter(found, table, number)
        elif key := _KEY.match(line):
            _enter(found, table + _pointer(key[1]), number)
    return found


def _pointer(dotted: str) -> str:
    return "".join("/" + part.strip().strip("\"'") for part in dotted.split("."))


def _enter(found: dict[str, int], pointer: str, number: int) -> None:
    while pointer:
        found.setdefault(pointer, number)
        pointer = pointer.rpartition("/")[0]
