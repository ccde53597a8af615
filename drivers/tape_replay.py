"""Play a tape's input through the decoders of its transport, as the driver would have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drivers import card_session, msr_report
from drivers.apdu import GET_UID
from drivers.event import RawRead
from drivers.framing import Broken, Frame, Framer
from drivers.key_events import EV_SYN, SYN_DROPPED, SYN_REPORT, KeyFramer
from drivers.number import Decoded, Refused, decode, raw_from_text
from drivers.tape_fields import (
    NS_PER_MS,
    Fields,
    TapeError,
    chunks_of,
    events_of,
    hex_of,
    list_at,
    reports_of,
    text_at,
    whole_at,
)
from drivers.tape_settings import Settings

Outcome = Decoded | Refused
Step = tuple[str, Any]
VERBS = (
    "bytes_hex", "chunks", "events", "reports_hex",
    "insert", "apdus", "remove", "kill", "start", "unplug", "plug", "wait",
)  # fmt: skip
_UNSUPPORTED = b"\x6a\x81"


def outcomes_of(given: Fields, settings: Settings) -> list[Outcome]:
    """Give what became of every read in an input, in order."""
    match settings.transport:
        case "pos_text":
            raw = raw_from_text(text_at(given, "text"), settings.layout)
            return [_decoded(raw, settings)] if len(raw) else []
        case "serial" | "evdev" | "hidraw":
            frames = _Stream(settings).frames(_steps(given, settings.transport))
            return [
                _decoded(one, settings) if isinstance(one, RawRead) else Refused(one.reason) for one in frames
            ]
        case "pcsc":
            return list(_Cards(settings).outcomes(_steps(given, "pcsc")))
        case _:
            raise TapeError("transport must be serial, evdev, hidraw, pcsc or pos_text")


def _decoded(raw: RawRead, settings: Settings) -> Outcome:
    return decode(
        raw,
        transport=settings.transport,
        ranges=settings.ranges,
        stripe=settings.stripe,
        codes=settings.codes,
    )


def _steps(given: Fields, transport: str) -> list[Step]:
    """Give an input as steps; a plain input is one, and a plain card is put in and answers its commands."""
    if "steps" in given:
        return [_step(one) for one in list_at(given, "steps")]
    if transport == "pcsc":
        return [("insert", given), ("apdus", list_at(given, "apdus"))]
    return [("", given)]


def _step(step: object) -> Step:
    """Read one step: {verb: value}, {"step": verb, ...} or [verb, value]."""
    match step:
        case {"step": str(verb)}:
            return (verb, step) if verb in VERBS else _no_step()
        case [str(verb), *values] if verb in VERBS:
            return verb, values[0] if values else {}
        case dict():
            verbs = [verb for verb in step if verb in VERBS]
            return (verbs[0], step[verbs[0]]) if len(verbs) == 1 else _no_step()
        case _:
            return _no_step()


def _no_step() -> Step:
    raise TapeError(f"a step is an object with one of {', '.join(VERBS)}")


class _Stream:
    """A line, a keyboard or a stripe reader: bytes, events or reports at their times."""

    def __init__(self, settings: Settings) -> None:
        self._transport = settings.transport
        self._framer: Framer | KeyFramer = (
            KeyFramer(settings.layout, idle_ns=settings.idle_ns)
            if settings.transport == "evdev"
            else Framer(idle_ns=settings.idle_ns)
        )
        self._now_ns = 0

    def frames(self, steps: list[Step]) -> Iterator[Frame]:
        for verb, value in steps:
            match verb:
                case "wait":
                    wait_ms = whole_at({"wait": value}, "wait", default=0, least=0)
                    yield from self._silence(self._now_ns + wait_ms * NS_PER_MS)
                case "unplug":
                    if self._framer.reset():
                        yield Broken("incomplete")
                case "plug":
                    pass
                case _:
                    given = {verb: value} if verb and not isinstance(value, dict) else value
                    yield from self._played(given)
        yield from self._silence(None)

    def _played(self, given: Fields) -> Iterator[Frame]:
        framer, start_ns = self._framer, self._now_ns
        if self._transport == "hidraw":
            for report in reports_of(given):
                yield from msr_report.frames_of(report)
        elif isinstance(framer, KeyFramer):
            events = events_of(given)
            is_terse = (EV_SYN, SYN_REPORT, 0) not in {event for _, event in events}
            for at_ns, event in events:
                yield from self._silence(start_ns + at_ns - 1)
                yield from framer.feed([event], self._at(start_ns + at_ns))
                if is_terse and event[:2] == (EV_SYN, SYN_DROPPED):
                    yield from framer.feed([(EV_SYN, SYN_REPORT, 0)], self._now_ns)
                if framer.wants_held:
                    framer.hold(())
        else:
            for at_ns, data in chunks_of(given):
                yield from self._silence(start_ns + at_ns - 1)
                yield from framer.feed(data, self._at(start_ns + at_ns))

    def _at(self, now_ns: int) -> int:
        self._now_ns = max(now_ns, self._now_ns)
        return self._now_ns

    def _silence(self, until_ns: int | None) -> Iterator[Frame]:
        """Let it fall silent wherever it would have."""
        while (due_ns := self._framer.due_at_ns()) is not None and (until_ns is None or due_ns <= until_ns):
            yield from self._framer.idle(due_ns)
        if until_ns is not None:
            self._at(until_ns)


class _Cards:
    """A card reader: what was asked of each card is asked again, and the tape answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._atr = b""
        self._answers: dict[bytes, list[bytes]] | None = None
        self._before_kill: Outcome | None = None
        self._last: Outcome | None = None

    def outcomes(self, steps: list[Step]) -> Iterator[Outcome]:
        for verb, value in steps:
            match verb:
                case "insert":
                    yield from self._read(is_leaving=True)
                    self._insert(value if isinstance(value, dict) else {})
                case "apdus":
                    self._learn(value.get("apdus") if isinstance(value, dict) else value)
                case "remove" | "unplug" | "kill":
                    yield from self._read(is_leaving=True)
                    self._before_kill = self._last if verb == "kill" else None
                case "start" | "plug" | "wait":
                    pass
                case _:
                    raise TapeError(f"a card reader has no step {verb}")
        yield from self._read(is_leaving=False)

    def _insert(self, card: Fields) -> None:
        self._atr = bytes(hex_of(card.get("atr", "")))
        self._answers = {}
        if "uid" in card:
            self._answers[GET_UID] = [bytes(hex_of(card["uid"])) + b"\x90\x00"]

    def _learn(self, pairs: object) -> None:
        if self._answers is None:
            raise TapeError("apdus come after an insert")
        if not isinstance(pairs, list):
            raise TapeError("apdus must be a list of [command, answer]")
        for pair in pairs:
            match pair:
                case [command, answer]:
                    self._answers.setdefault(bytes(hex_of(command)), []).append(bytes(hex_of(answer)))
                case _:
                    raise TapeError("an apdu is [command, answer], both in hex digits")

    def _read(self, *, is_leaving: bool) -> Iterator[Outcome]:
        answers, self._answers = self._answers, None
        if answers is None:
            return
        silence = b"" if is_leaving and not answers else _UNSUPPORTED

        def transmit(command: bytes) -> bytes:
            known = answers.get(command, [])
            return (known.pop(0) if len(known) > 1 else known[0]) if known else silence

        settings = self._settings
        outcome = card_session.run(self._atr, transmit, ranges=settings.ranges, codes=settings.codes)
        # A card that lay in the reader is told again when pcscd comes back; that is no second tap.
        if outcome is not None and outcome != self._before_kill:
            yield outcome
        self._last, self._before_kill = outcome, None
