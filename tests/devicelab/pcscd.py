"""A pcscd of our own with one virtual reader of two slots (vpcd), and cards to hold to it.

pcscd always opens /run/pcscd/pcscd.comm, and the virtual reader listens on every address. So the daemon
gets a mount and a network namespace of its own; we reach its socket through the folder that is mounted
there, and its reader through a socket made inside that network. Nothing leaks out, and runs at once do not
clash.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.devicelab.debian import need
from tests.parts import MissingPart

READERS = ("Till NFC 00 00", "Till NFC 00 01")
SHORTEST_HOLD_S = 0.6  # this reader is polled every 0.4 s: a card held for less may never be seen
#: Where clients of this process find it (PCSCLITE_CSOCK_NAME): libpcsclite reads the name once a process.
SOCKET = Path(tempfile.gettempdir(), f"loyalty-pcscd-{os.getpid()}", "pcscd.comm")
_FIRST_PORT = 0x8C7B
_PCSCD, _DRIVER = "/usr/sbin/pcscd", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
# One block gives two slots. "host:port" as DEVICENAME would end pcscd where nobody listens.
_CONFIGURATION = f"""FRIENDLYNAME "Till NFC"
DEVICENAME   /dev/null:0x{_FIRST_PORT:X}
LIBPATH      {_DRIVER}
CHANNELID    0x{_FIRST_PORT:X}
"""
_CLONE_NEWNET = 0x40000000
_SEND_ATR = 4


class Pcscd:
    """Start it, kill it and start it again as often as a test needs; `socket` is where clients find it."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing runs yet.

        Raises:
            MissingPart: pcscd or its virtual reader is not here, or namespaces cannot be made.
        """
        need(_PCSCD, _DRIVER)
        probe = subprocess.run(
            ["unshare", "--mount", "--net", "true"], capture_output=True, text=True, check=False
        )
        if probe.returncode:
            raise MissingPart(f"no namespaces for a pcscd of our own: {probe.stderr.strip()}")
        Path("/run/pcscd").mkdir(exist_ok=True)
        self.socket = SOCKET
        self.socket.parent.mkdir(exist_ok=True)
        (folder / "readers").mkdir()
        (folder / "readers" / "vpcd").write_text(_CONFIGURATION, encoding="ascii")
        usage = subprocess.run([_PCSCD, "--help"], capture_output=True, text=True, check=False)
        polkit = ["--disable-polkit"] if "--disable-polkit" in usage.stdout + usage.stderr else []
        start = 'mount --bind "$1" /run/pcscd && shift && exec "$@"'
        self._command = [
            "unshare", "--mount", "--net", "sh", "-c", start, "sh", str(self.socket.parent),
            _PCSCD, "--foreground", "-c", str(folder / "readers"), *polkit,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.users = 0

    def start(self, patience_s: float = 10.0) -> None:
        """Start it and return when it answers."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + patience_s
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket))
                _raise_loopback(self._process.pid)
                return
            time.sleep(0.01)
        raise MissingPart(f"pcscd did not answer (exit status {self._process.poll()})")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; after a SIGKILL its socket lies there still, as after a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def insert(
        self,
        uid: bytes,
        *,
        slot: int = 0,
        atr: bytes = b"",
        answer: Callable[[bytes], bytes | None] | None = None,
    ) -> VirtualCard:
        """Hold a card to a slot; `answer` may take over single APDUs."""
        assert self._process is not None
        link = _within(self._process.pid, lambda: _connect(("127.0.0.1", _FIRST_PORT + slot)))
        return VirtualCard(link, uid, atr or storage_card_atr(), answer)


class VirtualCard:
    """One card in the field. `delay_s` holds every answer back, so that it can be pulled in mid-sentence."""

    def __init__(
        self, link: socket.socket, uid: bytes, atr: bytes, answer: Callable[[bytes], bytes | None] | None
    ) -> None:
        self._link, self._uid, self._atr, self._answer = link, uid, atr, answer
        self.delay_s = 0.0
        self.was_asked = threading.Event()
        self._asked_at = 0.0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def wait_until_read(self, quiet_s: float = 0.25) -> None:
        """Wait until somebody has talked to the card and fallen silent."""
        assert self.was_asked.wait(10), "nobody talked to the card"
        while time.monotonic() - self._asked_at < quiet_s or not self._asked_at:
            time.sleep(0.01)

    def remove(self) -> None:
        """Take it away, also in the middle of an APDU."""
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()
        self._thread.join(5)

    def _serve(self) -> None:
        """Speak vpcd's protocol: length and payload both ways; one byte is a control, more is an APDU."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = _take(self._link, struct.unpack(">H", _take(self._link, 2))[0])
                if len(message) > 1:
                    self.was_asked.set()
                    time.sleep(self.delay_s)
                    self._give(self._respond(message))
                    self._asked_at = time.monotonic()
                elif message[0] == _SEND_ATR:
                    self._give(self._atr)

    def _respond(self, apdu: bytes) -> bytes:
        special = self._answer(apdu) if self._answer else None
        if special is not None:
            return special
        return self._uid + b"\x90\x00" if apdu[:4] == bytes.fromhex("FFCA0000") else b"\x6d\x00"

    def _give(self, data: bytes) -> None:
        self._link.sendall(struct.pack(">H", len(data)) + data)


def storage_card_atr(card_name: int = 0x0003) -> bytes:
    """Build the ATR that PC/SC part 3 gives a contactless memory card (3: Ultralight, 1: Classic 1K).

    >>> storage_card_atr(1).hex()
    '3b8f8001804f0ca000000306030001000000006a'
    """
    body = bytes.fromhex("8F8001804F0CA00000030603") + card_name.to_bytes(2, "big") + bytes(4)
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes([check])


def type_2_answer(memory: bytes) -> Callable[[bytes], bytes | None]:
    """Answer page reads (FF B0 00 page 04) as a type 2 tag with this memory does."""

    def answer(apdu: bytes) -> bytes | None:
        if apdu[:2] != b"\xff\xb0":
            return None
        at, length = 4 * int.from_bytes(apdu[2:4], "big"), apdu[4]
        return memory[at : at + length] + b"\x90\x00" if at < len(memory) else b"\x6a\x82"

    return answer


def _within(pid: int, work: Callable[[], socket.socket]) -> socket.socket:
    """Make a socket inside the network of another process: a thread enters it alone, and ends."""
    made: list[socket.socket | OSError] = []

    def enter() -> None:
        try:
            network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(network, _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(network)
            made.append(work())
        except OSError as why:
            made.append(why)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _connect(address: tuple[str, int]) -> socket.socket:
    link = socket.create_connection(address, timeout=5)
    link.settimeout(None)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _raise_loopback(pid: int) -> None:
    """Bring the new network's lo up (what `ip link set lo up` does)."""

    def act() -> socket.socket:
        any_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        fcntl.ioctl(
            any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40)
        )  # SIOCSIFFLAGS: up, running
        return any_socket

    _within(pid, act).close()


def _take(link: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = link.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data
