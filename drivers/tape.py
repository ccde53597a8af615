"""Replay a captured read: one JSON line in, one answer out, through a reader's framing, guard and ranges.

`TAPES.md` beside this file shows every input; `tape_settings` reads what a line brings along, `tape_replay`
plays it. Support uses it: a till's recorded read, its numbers replaced, replays anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from drivers.codes import NO_CODES, Codes
from drivers.number import Decoded, NumberRange, Refused
from drivers.tape_fields import Fields, TapeError, object_at
from drivers.tape_replay import outcomes_of
from drivers.tape_settings import settings_of

MAX_LINE = 1 << 20

Answer = dict[str, object]


def decode_tape(
    lines: Iterable[bytes], ranges: Sequence[NumberRange] = (), codes: Codes = NO_CODES, *, name: str = "tape"
) -> Iterator[Answer]:
    """Answer every line of a file but empty ones; a line that is no tape is answered with its place.

    >>> [one["reason"] for one in decode_tape([b"", b"{"], name="till.jsonl")]
    ['till.jsonl:2: the line is no JSON']
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _answered(line, ranges, codes, place=f"{name}:{number}")


def decode_line(line: str | bytes, ranges: Sequence[NumberRange], codes: Codes = NO_CODES) -> Answer:
    """Answer one line: `identifier`, `identifiers`, `refused` or `ignored`, with its kind and value.

    Where a sequence holds several reads, `items` lists them in order and `reason` is that of the first
    refusal. A line that is no tape is answered too: `refused`, its reason saying what is wrong.

    >>> tape = '{"id": 7, "transport": "pos_text", "input": {"text": "4111 1111 1111 1111"}}'
    >>> decode_line(tape, [])["reason"]
    'payment_card'
    """
    return _answered(line, ranges, codes, place="tape")


def _answered(line: str | bytes, ranges: Sequence[NumberRange], codes: Codes, *, place: str) -> Answer:
    name: object = None
    try:
        tape = _document(line)
        name = tape.get("id")
        outcomes = outcomes_of(object_at(tape, "input"), settings_of(tape, ranges, codes))
        return {"id": name} | _answer(outcomes)
    except TapeError as why:
        return {"id": name} | _answer([]) | {"outcome": "refused", "reason": f"{place}: {why}"}


def _answer(outcomes: list[Decoded | Refused]) -> Answer:
    found = [one for one in outcomes if isinstance(one, Decoded)]
    reasons = [one.reason for one in outcomes if isinstance(one, Refused)]
    first = found[0] if len(found) == 1 else None
    if len(found) > 1:
        outcome = "identifiers"
    else:
        outcome = "identifier" if found else "refused" if reasons else "ignored"
    return {
        "outcome": outcome,
        "kind": first.kind if first else None,
        "value": first.value if first else None,
        "items": [_item(one) for one in outcomes] if len(outcomes) > 1 else [],
        "reason": reasons[0] if reasons else None,
    }


def _item(outcome: Decoded | Refused) -> Answer:
    match outcome:
        case Decoded(kind, value, _):
            return {"kind": kind, "value": value}
        case Refused(reason, _):
            return {"reason": reason}


def _document(line: str | bytes) -> Fields:
    if len(line) > MAX_LINE:
        raise TapeError(f"a line is at most {MAX_LINE} characters")
    try:
        tape = json.loads(line)
    except (ValueError, RecursionError):
        raise TapeError("the line is no JSON") from None
    if not isinstance(tape, dict):
        raise TapeError("the line must be a JSON object")
    return tape
