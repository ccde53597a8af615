"""What only a card reader has: pcscd that comes and goes, cards that lie there, other programs."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.apdu import CardFile
from drivers.codes import NO_CODES, Codes
from drivers.registry import DeviceSettings, open_reader
from drivers.uid import UidRules
from tests.devicelab.pcscd import READERS, SHORTEST_HOLD_S
from tests.drivers.bars import times
from tests.drivers.card_rig import CardBench, CardRig
from tests.drivers.conftest import Run
from tests.drivers.listening import Listener, open_descriptors, seconds_since
from tests.drivers.loyalty_numbers import RANGES, card_number
from tests.parts import part_or_skip

scard = pytest.importorskip("smartcard.scard", reason="pyscard is not installed")
Record = Callable[[str, object], None]
FIRST, SECOND = card_number(1), card_number(2)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[CardRig]:
    bench = part_or_skip("pcscd", lambda: CardBench(tmp_path))
    rig = bench.rig("desk")
    rig.plug()
    yield rig
    bench.close()


def desk(codes: Codes = NO_CODES) -> object:
    return open_reader(
        DeviceSettings("desk", "card_reader", reader="Till NFC * 00", ranges=RANGES, codes=codes)
    )


def test_pcscd_may_be_killed_again_and_again(
    rig: CardRig, run: Run, listener: Listener, record_property: Record
) -> None:
    kills, slowest_s = times(3, 20), 0.0
    run(rig.driver())
    listener.wait_for_state("enabled")
    before = (open_descriptors(), threading.active_count())
    for _ in range(kills):
        rig.pcscd.stop(signal.SIGKILL)
        listener.wait_for_state("gone")
        rig.pcscd.start()
        up_ns = time.monotonic_ns()
        listener.wait_for_state("enabled")
        slowest_s = max(slowest_s, seconds_since(up_ns))
    rig.scan(FIRST)
    listener.wait_for_values(FIRST)
    record_property("attempts", kills)
    record_property("slowest_s", round(slowest_s, 3))
    assert slowest_s < 1
    assert (open_descriptors(), threading.active_count()) == before


def test_a_card_that_lies_there_while_pcscd_restarts_is_told_once(
    rig: CardRig, run: Run, listener: Listener
) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.hold(FIRST).wait_until_read()
    listener.wait_for_values(FIRST)
    rig.pcscd.stop(signal.SIGKILL)
    listener.wait_for_state("gone")
    rig.pcscd.start()
    rig.hold(FIRST).wait_until_read()
    rig.scan_after_removal(SECOND)
    listener.wait_for_values(FIRST, SECOND)


def test_two_cards_of_one_kind_swapped_at_once_are_two_reads(
    rig: CardRig, run: Run, listener: Listener
) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    first = rig.hold(FIRST)
    first.wait_until_read()
    second = rig.hold(SECOND)  # it waits behind the first and is in the field as soon as that has gone
    first.remove()
    second.wait_until_read()
    listener.wait_for_values(FIRST, SECOND)


def test_a_card_that_another_program_holds_is_named_and_read_when_it_lets_go(
    rig: CardRig, run: Run, listener: Listener
) -> None:
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    card = rig.hold(FIRST)
    code, held = -1, 0
    until = time.monotonic() + 5
    while code != scard.SCARD_S_SUCCESS and time.monotonic() < until:
        code, held, _ = scard.SCardConnect(
            context, READERS[0], scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY
        )
        time.sleep(0.02)
    assert code == scard.SCARD_S_SUCCESS
    run(rig.driver())
    listener.wait_for_state("opened")
    assert "another program has claimed the card" in listener.statuses()[-1].detail
    assert listener.values() == []
    scard.SCardDisconnect(held, scard.SCARD_LEAVE_CARD)
    card.wait_until_read()
    listener.wait_for_values(FIRST)
    assert listener.state() == "enabled"
    scard.SCardReleaseContext(context)


def test_the_id_of_a_chip_counts_where_it_is_configured(rig: CardRig, run: Run, listener: Listener) -> None:
    run(desk(Codes(uids=UidRules())))
    listener.wait_for_state("enabled")
    card = rig.pcscd.insert(bytes.fromhex("04A1B2C3D4E5F6"))
    listener.wait_for_values("04A1B2C3D4E5F6")
    card.remove()
    time.sleep(SHORTEST_HOLD_S)
    random = rig.pcscd.insert(bytes.fromhex("08112233"))  # an id made anew at every tap stands for nobody
    random.wait_until_read()
    random.remove()
    assert listener.values() == ["04A1B2C3D4E5F6"]


def test_a_file_on_a_chip_card_is_read_where_it_is_configured(
    rig: CardRig, run: Run, listener: Listener
) -> None:
    application = bytes.fromhex("F04C4F59414C5459")
    asked: list[bytes] = []

    def answer(apdu: bytes) -> bytes | None:
        asked.append(apdu)
        if apdu[:4] == b"\x00\xa4\x04\x00":
            return b"\x90\x00" if application in apdu else b"\x6a\x82"
        if apdu[:2] == b"\x00\xb0":
            return FIRST.encode() + b"\x90\x00"
        return None

    run(desk(Codes(card_file=CardFile(application, 1))))
    listener.wait_for_state("enabled")
    card = rig.pcscd.insert(b"\x01\x02\x03\x04", answer=answer)
    listener.wait_for_values(FIRST)
    card.remove()
    assert asked[0][5:13] == application


def test_without_pcscd_the_reader_says_what_to_start(run: Run, listener: Listener, tmp_path: Path) -> None:
    part_or_skip("pcscd", lambda: CardBench(tmp_path)).close()
    os.environ["PCSCLITE_CSOCK_NAME"] = "/nonexistent"
    run(desk())
    listener.wait_for_state("closed")
    assert "pcscd does not answer; install and start it" in listener.statuses()[-1].detail


def test_a_reader_that_pcscd_does_not_know_is_named(rig: CardRig, run: Run, listener: Listener) -> None:
    run(open_reader(DeviceSettings("desk", "card_reader", reader="ACS ACR122U*", ranges=RANGES)))
    listener.wait_for_state("closed")
    assert "pcscd knows no such reader" in listener.statuses()[-1].detail


def test_the_thread_ends_at_once_while_it_waits_for_a_card(
    rig: CardRig, run: Run, listener: Listener
) -> None:
    threads = run(rig.driver())
    listener.wait_for_state("enabled")
    begun_ns = time.monotonic_ns()
    assert threads.stop()
    assert seconds_since(begun_ns) < 1
