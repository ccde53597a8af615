"""Serial bytes are cut into scans, whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.event import RawRead
from drivers.framing import IDLE_NS, MAX_SCAN_BYTES, RESYNC_NS, Broken, Frame, Framer


def seen(frames: list[Frame]) -> list[str]:
    return [frame.buffer.decode() if isinstance(frame, RawRead) else frame.reason for frame in frames]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_each_line_end_closes_a_scan_once(end: bytes) -> None:
    assert seen(Framer().feed(b"123" + end + b"456" + end, 0)) == ["123", "456"]


def test_a_scan_between_stx_and_etx_needs_no_line_end() -> None:
    assert seen(Framer().feed(b"\x02123\x03\x02456\x03\r\n", 0)) == ["123", "456"]


def test_group_separators_stay_inside_a_scan() -> None:
    assert seen(Framer().feed(b"]C110AB\x1d21C\r", 0)) == ["]C110AB\x1d21C"]


@pytest.mark.parametrize("control", [b"\x00", b"\x1b", b"\x7f", b"\x03", b"\t"])
def test_a_control_character_spoils_its_scan_and_no_other(control: bytes) -> None:
    assert seen(Framer().feed(b"12" + control + b"34\r56\r", 0)) == ["unreadable", "56"]


def test_a_line_end_inside_stx_spoils_the_scan_up_to_its_etx() -> None:
    assert seen(Framer().feed(b"\x0212\r34\r56\r", 0)) == ["unreadable", "56"]


def test_an_stx_inside_a_scan_starts_a_new_one() -> None:
    assert seen(Framer().feed(b"12\x0234\x03", 0)) == ["incomplete", "34"]


def test_a_scan_of_the_longest_length_passes_and_one_longer_does_not() -> None:
    longest = b"x" * MAX_SCAN_BYTES
    assert seen(Framer().feed(longest + b"\r", 0)) == [longest.decode()]
    assert seen(Framer().feed(longest + b"x\r12\r", 0)) == ["unreadable", "12"]


def test_silence_inside_a_scan_gives_it_up_and_its_tail_never_comes_out() -> None:
    framer = Framer()
    assert framer.feed(b"2990000", 5) == []
    assert framer.due_at_ns() == 5 + IDLE_NS
    assert framer.idle(4 + IDLE_NS) == []
    assert framer.idle(5 + IDLE_NS) == [Broken("incomplete")]
    assert seen(framer.feed(b"000019\r299\r", 6 + IDLE_NS)) == ["299"]


def test_after_a_long_silence_the_next_scan_is_read_whole() -> None:
    framer = Framer()
    framer.feed(b"2990000", 0)
    framer.idle(IDLE_NS)
    assert framer.due_at_ns() == RESYNC_NS
    assert framer.idle(RESYNC_NS) == []
    assert framer.due_at_ns() is None
    assert seen(framer.feed(b"299\r", RESYNC_NS + 1)) == ["299"]


def test_a_reset_forgets_a_half_read_scan_and_says_so() -> None:
    framer = Framer()
    framer.feed(b"299", 0)
    assert framer.reset()
    assert not framer.reset()
    assert seen(framer.feed(b"4\r", 0)) == ["4"]


SCAN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)


@given(st.lists(st.tuples(SCAN, st.sampled_from(["\r", "\n", "\r\n"])), max_size=8), st.data())
def test_chunks_change_nothing(scans: list[tuple[str, str]], data: st.DataObject) -> None:
    stream = "".join(scan + end for scan, end in scans).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    framer, frames = Framer(), list[Frame]()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames += framer.feed(stream[start:end], 0)
    assert seen(frames) == [scan for scan, _ in scans]
    assert framer.due_at_ns() is None


@given(st.lists(st.tuples(st.binary(max_size=3000), st.integers(0, 2 * RESYNC_NS)), max_size=8))
def test_garbage_gives_bounded_frames_and_always_ends(reads: list[tuple[bytes, int]]) -> None:
    framer, now_ns = Framer(), 0
    for data, pause_ns in reads:
        frames = framer.feed(data, now_ns)
        assert len(frames) <= len(data)
        assert all(0 < len(frame) <= MAX_SCAN_BYTES for frame in frames if isinstance(frame, RawRead))
        now_ns += pause_ns
        framer.idle(now_ns)
    while (due_ns := framer.due_at_ns()) is not None:
        framer.idle(due_ns)
    assert seen(framer.feed(b"299\r", now_ns)) == ["299"]
