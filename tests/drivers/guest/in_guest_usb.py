"""In the guest: USB keyboards, FTDI adapters and CCID readers come and go, under the udev rule we ship."""

from __future__ import annotations

import grp
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.card_reader import reader_names
from drivers.codes import Codes
from drivers.registry import DeviceSettings, open_reader
from drivers.uid import UidRules
from tests.devicelab.in_guest import Host, start_pcscd, start_udev, wait_for
from tests.drivers.bars import times
from tests.drivers.conftest import Run
from tests.drivers.listening import Listener, open_descriptors, seconds_since
from tests.drivers.loyalty_numbers import RANGES, card_number

RULES = Path(__file__).resolve().parents[3] / "systemd" / "70-loyalty-agent.rules"
Record = Callable[[str, object], None]
KEYS, SERIAL = "/dev/till/scanner-keys", "/dev/till/scanner"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Start udev under our rule, with QEMU's vendors in the place of two makers."""
    text = RULES.read_text(encoding="utf-8").replace('"0c2e"', '"0627"').replace('"05e0"', '"0403"')
    rules = tmp_path_factory.mktemp("rules") / RULES.name
    rules.write_text(text, encoding="utf-8")
    start_udev(rules)
    host = Host()
    yield host
    host.close()


class Plug:
    """One kind of USB reader at the guest's port."""

    def __init__(self, host: Host, kind: str, path: str, show: Callable[[Host, str], None]) -> None:
        self.host, self.kind, self.path, self._show = host, kind, path, show

    def plug(self) -> None:
        self.host.ask(f"plug_{self.kind}", device=self.kind)

    def unplug(self) -> None:
        self.host.ask("unplug", device=self.kind)

    def show(self, number: str) -> None:
        """Let the reader see a card; in a thread, as the till reads meanwhile."""
        threading.Thread(target=self._show, args=(self.host, number), daemon=True).start()


def type_keys(host: Host, number: str) -> None:
    host.ask("type", text=f"{number}\n", gap_s=0.02)


def send_line(host: Host, number: str) -> None:
    host.ask("send_serial", device="serial", data=f"{number}\r\n".encode().hex())


def replugged(plug: Plug, listener: Listener, turns: int, number_of: Callable[[int], str]) -> float:
    """Plug, read one scan and pull, so many times; return the slowest time from the node to `enabled`."""
    slowest_s, first = 0.0, (0, 0)
    for turn in range(turns):
        plug.plug()
        wait_for(Path(plug.path).exists if plug.path else reader_names)
        there_ns = time.monotonic_ns()
        listener.wait_for_state("enabled")
        slowest_s = max(slowest_s, seconds_since(there_ns))
        show_until_read(plug, listener, number_of(turn), turn + 1)
        here = (open_descriptors(), threading.active_count())
        first = first if turn else here
        plug.unplug()
        listener.wait_for_state("gone")
        assert here[0] <= first[0] + 1  # the thread that shows the card may still be ending
    assert listener.values() == [number_of(turn) for turn in range(turns)]
    return slowest_s


def answers(listener: Listener) -> int:
    return len(listener.values()) + len(listener.reasons())


def show_until_read(plug: Plug, listener: Listener, number: str, reads: int) -> None:
    """Show a card as a cashier does: again if told so. QEMU's keyboard keeps 16 keys and drops the rest."""
    for _ in range(3):
        before = answers(listener)
        plug.show(number)
        listener.wait_until(lambda before=before: answers(listener) > before)  # type: ignore[misc]
        if len(listener.values()) == reads:
            return
    raise AssertionError(f"refused three times: {listener.reasons()}")


def test_a_usb_keyboard_that_comes_and_goes_is_read_each_time(
    host: Host, run: Run, listener: Listener, record_property: Record
) -> None:
    run(open_reader(DeviceSettings("desk", "keyboard_scanner", KEYS, RANGES, idle_ms=2000)))
    turns = times(2, 20)
    slowest_s = replugged(Plug(host, "keyboard", KEYS, type_keys), listener, turns, card_number)
    record_property("attempts", turns)
    record_property("slowest_s", round(slowest_s, 3))
    assert slowest_s < 2


def test_an_ftdi_scanner_that_comes_and_goes_is_read_each_time(
    host: Host, run: Run, listener: Listener, record_property: Record
) -> None:
    run(open_reader(DeviceSettings("desk", "serial_scanner", SERIAL, RANGES, idle_ms=2000)))
    turns = times(2, 20)
    slowest_s = replugged(Plug(host, "serial", SERIAL, send_line), listener, turns, card_number)
    record_property("attempts", turns)
    record_property("slowest_s", round(slowest_s, 3))
    assert slowest_s < 2


def test_our_rule_gives_a_scanner_to_the_agent_and_hides_it_from_the_desktop(host: Host) -> None:
    for kind, path in (("keyboard", KEYS), ("serial", SERIAL)):
        host.ask(f"plug_{kind}", device=kind)
        wait_for(Path(path).exists)
        node = Path(path).stat()
        assert (grp.getgrgid(node.st_gid).gr_name, node.st_mode & 0o777) == ("loyalty-agent", 0o660)
        told = subprocess.run(
            ["udevadm", "info", "--query=property", path], capture_output=True, text=True, check=True
        ).stdout
        assert {"keyboard": "LIBINPUT_IGNORE_DEVICE=1", "serial": "ID_MM_DEVICE_IGNORE=1"}[
            kind
        ] in told.split()
        assert re.search(rf"{path}-\S+usb", told), "a name that stays with the port"
        host.ask("unplug", device=kind)
        wait_for(lambda path=path: not Path(path).exists())  # type: ignore[misc]


@pytest.fixture
def pcscd() -> Iterator[None]:
    daemon = start_pcscd()
    yield
    daemon.terminate()
    daemon.wait()


@pytest.mark.usefixtures("pcscd")
def test_a_card_reader_that_comes_and_goes_is_read_each_time(
    host: Host, run: Run, listener: Listener, record_property: Record
) -> None:
    run(open_reader(DeviceSettings("desk", "card_reader", reader="*CCID*", codes=Codes(uids=UidRules()))))
    turns = times(2, 20)

    def uid(turn: int) -> str:
        return f"04112233445{turn:03X}"

    def hold(host: Host, number: str) -> None:
        host.ask("insert_card", device="reader", uid=number)

    slowest_s = replugged(Plug(host, "reader", "", hold), listener, turns, uid)
    record_property("attempts", turns)
    record_property("slowest_s", round(slowest_s, 3))
    assert slowest_s < 2
