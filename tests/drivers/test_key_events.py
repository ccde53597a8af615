"""Keys become the scan that the reader meant, on every layout, or none at all."""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.event import RawRead
from drivers.framing import IDLE_NS, Broken, Frame
from drivers.key_events import EV_KEY, EV_SYN, EVENT, SYN_DROPPED, SYN_REPORT, KeyFramer
from drivers.keymap import LAYOUTS, LEFT_SHIFT, RIGHT_ALT, Key, as_us, keys_of
from tests.parts import MissingPart, part_or_skip

ENTER, A, LEFT_CTRL, CAPS, REPORT = 28, 30, 29, 58, (EV_SYN, SYN_REPORT, 0)
Event = tuple[int, int, int]


def press(code: int, *held: int) -> list[Event]:
    """Press a key while others are held; shift goes up before the letter, as the kernel reports it."""
    downs = [(EV_KEY, one, 1) for one in (*held, code)]
    ups = [(EV_KEY, one, 0) for one in (*held, code)]
    return [*downs, REPORT, *ups, REPORT]


def typing(text: str, layout: str = "us") -> list[Event]:
    """Type a text as a reader set to this layout does, with Enter."""
    return [event for character in text for event in press(*ways(layout)[character])] + press(ENTER)


@cache
def ways(layout: str) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for held, level in (((), "plain"), ((LEFT_SHIFT,), "shifted"), ((RIGHT_ALT,), "third")):
        for code, key in keys_of(layout).items():
            if character := getattr(key, level):
                found.setdefault(character, (code, *held))
    return found


def seen(frames: list[Frame]) -> list[str]:
    return [frame.buffer.decode() if isinstance(frame, RawRead) else frame.reason for frame in frames]


def read(events: list[Event], layout: str = "us") -> list[str]:
    return seen(KeyFramer(layout).feed(events, 0))


@pytest.mark.parametrize("layout", LAYOUTS)
@given(data=st.data())
def test_whatever_a_reader_types_is_read_under_its_own_layout(layout: str, data: st.DataObject) -> None:
    text = data.draw(st.text(st.sampled_from(sorted(ways(layout))), min_size=1, max_size=30))
    assert read(typing(text, layout), layout) == [text]


@pytest.mark.parametrize("layout", ["us", "de", "fi", "fr"])
def test_every_character_of_a_label_and_of_tracks_can_be_typed(layout: str) -> None:
    assert set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ]%;+?=^/ ") <= set(ways(layout)) | {"^"}


def test_raw_kernel_events_are_the_same() -> None:
    data = b"".join(EVENT.pack(0, 0, *event) for event in typing("]C1A"))
    assert seen(KeyFramer().feed_bytes(data, 0)) == ["]C1A"]


def test_the_shift_state_at_key_down_decides() -> None:
    events = [(EV_KEY, LEFT_SHIFT, 1), (EV_KEY, A, 1), (EV_KEY, LEFT_SHIFT, 0), (EV_KEY, A, 0), *press(A)]
    assert read(events + press(ENTER)) == ["Aa"]


def test_caps_lock_swaps_letters_and_no_digits() -> None:
    assert read(press(CAPS) + typing("aB1")) == ["Ab1"]
    assert read(press(CAPS) + press(CAPS) + typing("aB1")) == ["aB1"]


def test_a_held_key_counts_once() -> None:
    assert read([(EV_KEY, A, 1), (EV_KEY, A, 2), (EV_KEY, A, 2), (EV_KEY, A, 0), *press(ENTER)]) == ["a"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_ctrl_and_the_right_brace_is_a_group_separator(layout: str) -> None:
    assert read([*press(27, LEFT_CTRL), *typing("1", layout)], layout) == ["\x1d1"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_ctrl_and_any_key_is_a_control_character_or_spoils_the_scan(layout: str) -> None:
    for code in keys_of(layout):
        told = read([*press(2), *press(code, LEFT_CTRL), *press(ENTER)], layout)
        assert told[0] in {
            "unreadable",
            "incomplete",
            *(keys_of(layout)[2].plain + end for end in ("", "\x1d")),
        }


@pytest.mark.parametrize("end", [ENTER, 96, 15])
def test_enter_keypad_enter_and_tab_end_a_scan(end: int) -> None:
    assert read(press(2) + press(end)) == ["1"]


def test_a_key_that_types_nothing_spoils_a_scan_and_is_nothing_alone() -> None:
    assert read(press(2) + press(59) + press(3) + press(ENTER) + typing("7")) == ["unreadable", "7"]
    assert read(press(59) + typing("7")) == ["7"]


def test_lost_events_give_up_the_scan_once_and_the_next_is_whole() -> None:
    framer = KeyFramer()
    half = typing("123456")[:24]
    frames = framer.feed([*half, (EV_SYN, SYN_DROPPED, 0), *press(9)[:1], REPORT, *typing("89")], 0)
    assert seen(frames) == ["incomplete"]
    assert framer.wants_held
    framer.hold([])
    assert not framer.wants_held
    assert seen(framer.feed(typing("123"), 1)) == ["123"]


def test_lost_events_that_took_the_end_cost_no_more_than_the_usual_silence() -> None:
    framer = KeyFramer()
    framer.feed([*typing("12")[:12], (EV_SYN, SYN_DROPPED, 0), REPORT], 0)
    assert framer.idle(IDLE_NS) == []
    assert seen(framer.feed(typing("123"), IDLE_NS + 1)) == ["123"]


def test_a_shift_whose_release_was_lost_does_not_stick() -> None:
    framer = KeyFramer()
    framer.feed([(EV_KEY, LEFT_SHIFT, 1), (EV_SYN, SYN_DROPPED, 0), REPORT, *press(ENTER)], 0)
    framer.hold([])
    assert seen(framer.feed(typing("1a"), 1)) == ["1a"]
    framer.hold([LEFT_SHIFT])
    assert seen(framer.feed(press(A) + press(ENTER), 1)) == ["A"]


def test_silence_inside_a_scan_gives_it_up_and_its_slow_rest_makes_no_noise() -> None:
    framer = KeyFramer()
    framer.feed(press(2), 0)
    assert framer.idle(IDLE_NS) == [Broken("incomplete")]
    assert framer.feed(press(3), 2 * IDLE_NS) == []
    assert framer.idle(3 * IDLE_NS) == []


def test_text_typed_through_the_desktop_is_told_back() -> None:
    assert as_us("ъ\u04230", "ru") == "]E0"
    assert as_us("çàé", "fr") == "902"


class _Names(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


class Xkb:
    """The system's own layouts, asked key by key."""

    def __init__(self) -> None:
        found = ctypes.util.find_library("xkbcommon")
        if found is None:
            raise MissingPart("no libxkbcommon here (apt-get install libxkbcommon0)")
        self._library = library = ctypes.CDLL(found)
        pointer, number = ctypes.c_void_p, ctypes.c_uint32
        for name, result, arguments in (
            ("xkb_context_new", pointer, [ctypes.c_int]),
            ("xkb_keymap_new_from_names", pointer, [pointer, ctypes.POINTER(_Names), ctypes.c_int]),
            ("xkb_state_new", pointer, [pointer]),
            ("xkb_keymap_mod_get_index", number, [pointer, ctypes.c_char_p]),
            ("xkb_state_update_mask", number, [pointer, *[number] * 6]),
            ("xkb_state_key_get_utf32", number, [pointer, number]),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._context = library.xkb_context_new(0)

    def characters(self, layout: str, modifier: bytes | None) -> dict[int, str]:
        """Give what every key types while a modifier is held; dead keys are missing."""
        names = _Names(b"evdev", b"pc105", layout.encode(), b"", b"")
        keymap = self._library.xkb_keymap_new_from_names(self._context, ctypes.byref(names), 0)
        if not keymap:
            raise MissingPart("no keyboard layouts here (apt-get install xkb-data)")
        state = self._library.xkb_state_new(keymap)
        mask = 1 << self._library.xkb_keymap_mod_get_index(keymap, modifier) if modifier else 0
        self._library.xkb_state_update_mask(state, mask, 0, 0, 0, 0, 0)
        told = {code: self._library.xkb_state_key_get_utf32(state, code + 8) for code in range(2, 87)}
        return {code: chr(character) for code, character in told.items() if character}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_the_one_the_system_has(layout: str) -> None:
    xkb = part_or_skip("xkb", Xkb)
    typing_keys = {code: key for code, key in keys_of(layout).items() if len(ours(key)) > 1}
    for level, modifier in (("plain", None), ("shifted", b"Shift"), ("third", b"Mod5")):
        theirs = part_or_skip("xkb", lambda modifier=modifier: xkb.characters(layout, modifier))  # type: ignore[misc]
        wrong = {
            code: (getattr(key, level), theirs[code])
            for code, key in typing_keys.items()
            if getattr(key, level) and code in theirs and getattr(key, level) != theirs[code]
        }
        # The key left of Z is no letter anywhere, and xkb and Windows disagree about it on ru.
        assert {code: pair for code, pair in wrong.items() if code != 86} == {}


def ours(key: Key) -> set[str]:
    return {key.plain, key.shifted}
