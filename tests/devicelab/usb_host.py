"""The host's end of the guest's USB: devices come and go, keys are pressed, cards are held to the reader.

It speaks QMP to QEMU (a JSON object a line), and VSCard to QEMU's card reader: a header of three big-endian
words (type, reader, length), then the data.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

from tests.devicelab.pcscd import storage_card_atr

_INIT, _READER_ADD, _ATR, _CARD_REMOVE, _APDU = 1, 3, 5, 6, 7
_NO_READER = 0xFFFFFFFF


class QmpError(Exception):
    """QEMU refused a command, or is gone."""


class UsbHost:
    """What the guest may ask for; each call returns when QEMU has done it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._qmp = _Qmp(folder / "qmp")
        self._links: dict[str, Any] = {}

    def serve(self) -> None:
        """Answer the guest's requests until it is gone: {"do": NAME, …} a line."""
        with connect(self._folder / "control") as link, link.makefile("rw", encoding="utf-8") as stream:
            for line in stream:
                request = json.loads(line)
                try:
                    getattr(self, request.pop("do"))(**request)
                    answer: dict[str, Any] = {"ok": True}
                except (QmpError, OSError, KeyError, TypeError) as problem:
                    answer = {"ok": False, "why": f"{type(problem).__name__}: {problem}"}
                stream.write(json.dumps(answer) + "\n")
                stream.flush()

    def close(self) -> None:
        """Let go of QEMU and of every device's link."""
        for link in self._links.values():
            link.close()
        self._qmp.close()

    def plug_keyboard(self, device: str) -> None:
        """Plug a USB keyboard."""
        self._plug("usb-kbd", device, bus="xhci.0")

    def plug_serial(self, device: str) -> None:
        """Plug an FTDI adapter (the guest loads ftdi_sio)."""
        self._links[device] = connect(self._open_link(device))
        self._plug("usb-serial", device, bus="xhci.0", chardev=f"{device}-link", **{"always-plugged": True})

    def plug_reader(self, device: str) -> None:
        """Plug a CCID reader (the guest's pcscd drives it with libccid)."""
        path = self._open_link(device)
        self._plug("usb-ccid", device, bus="xhci.0")
        self._plug("ccid-card-passthru", f"{device}-slot", bus=f"{device}.0", chardev=f"{device}-link")
        self._links[device] = _VSCard(connect(path))

    def unplug(self, device: str) -> None:
        """Pull it out."""
        self._qmp.unplug(device)
        link = self._links.pop(device, None)
        if link is None:
            return
        link.close()
        for _ in range(100):  # the character device stays busy for a moment
            with contextlib.suppress(QmpError):
                self._qmp.command("chardev-remove", id=f"{device}-link")
                return
            time.sleep(0.02)

    def send_serial(self, device: str, data: str) -> None:
        """Let the serial scanner send these bytes (hex)."""
        self._links[device].sendall(bytes.fromhex(data))

    def insert_card(self, device: str, uid: str) -> None:
        """Hold a card with this UID (hex) to the reader."""
        self._links[device].insert(bytes.fromhex(uid))

    def remove_card(self, device: str) -> None:
        """Take it away."""
        self._links[device].remove()

    def type(self, text: str, gap_s: float = 0.01) -> None:
        """Press keys on the keyboard that was plugged last: letters, digits and newline."""
        for character in text:
            key = "ret" if character == "\n" else character.lower()
            with self._held("shift") if character.isupper() else contextlib.nullcontext():
                self._press(key, down=True)
                self._press(key, down=False)
            time.sleep(gap_s)

    @contextlib.contextmanager
    def _held(self, key: str) -> Any:
        self._press(key, down=True)
        yield
        self._press(key, down=False)

    def _press(self, key: str, *, down: bool) -> None:
        event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}}
        self._qmp.command("input-send-event", events=[event])

    def _plug(self, driver: str, device: str, **properties: Any) -> None:
        self._qmp.command("device_add", driver=driver, id=device, **properties)

    def _open_link(self, device: str) -> Path:
        """Open the device's character device, to which this side connects."""
        path = self._folder / device
        address = {"type": "unix", "data": {"path": str(path)}}
        backend = {"type": "socket", "data": {"addr": address, "server": True, "wait": False}}
        self._qmp.command("chardev-add", id=f"{device}-link", backend=backend)
        return path


class _Qmp:
    """One control connection; commands are answered in order, events that arrive between are kept."""

    def __init__(self, path: Path) -> None:
        self._link = connect(path)
        self._lines = self._link.makefile("rw", encoding="utf-8")
        self._events: list[dict[str, Any]] = []
        self._read()  # the greeting
        self.command("qmp_capabilities")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._lines.close()
        self._link.close()

    def command(self, name: str, **arguments: Any) -> None:
        self._lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._lines.flush()
        while "return" not in (message := self._read()):
            if "error" in message:
                raise QmpError(f"{name}: {message['error']['desc']}")
            self._events.append(message)

    def unplug(self, device: str) -> None:
        """Remove a device and wait until QEMU has let go of it."""
        self._events.clear()
        self.command("device_del", id=device)
        while not any(
            event["event"] == "DEVICE_DELETED" and event["data"].get("device") == device
            for event in self._events
        ):
            self._events.append(self._read())

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise QmpError("QEMU is gone")
        message: dict[str, Any] = json.loads(line)
        return message


class _VSCard:
    """One card at a time in one emulated reader."""

    def __init__(self, link: socket.socket) -> None:
        self._link, self._uid = link, b""
        self._send(
            _INIT, _NO_READER, struct.pack(">III", 0x56534344, 2, 0)
        )  # "VSCD", version, no capabilities
        self._send(_READER_ADD, _NO_READER, b"devicelab")
        threading.Thread(target=self._serve, daemon=True).start()

    def insert(self, uid: bytes) -> None:
        self._uid = uid
        self._send(_ATR, 0, storage_card_atr())

    def remove(self) -> None:
        self._send(_CARD_REMOVE, 0, b"")

    def close(self) -> None:
        self._link.close()

    def _send(self, kind: int, reader: int, data: bytes) -> None:
        self._link.sendall(struct.pack(">III", kind, reader, len(data)) + data)

    def _serve(self) -> None:
        with contextlib.suppress(OSError, struct.error), self._link.makefile("rb") as stream:
            while True:
                kind, _, length = struct.unpack(">III", stream.read(12))
                data = stream.read(length)
                if kind == _APDU:
                    is_uid = data[:4] == bytes.fromhex("FFCA0000")
                    self._send(_APDU, 0, self._uid + b"\x90\x00" if is_uid else b"\x6d\x00")


def connect(path: Path, patience_s: float = 10.0) -> socket.socket:
    """Connect to a Unix socket that another process is about to open."""
    until = time.monotonic() + patience_s
    while True:
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(str(path))
        except OSError:
            link.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return link
