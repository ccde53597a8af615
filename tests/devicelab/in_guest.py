"""For a program inside the guest: ask the host to plug things, run udev and pcscd."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.parts import MissingPart

T = TypeVar("T")
IS_GUEST = os.environ.get("LOYALTY_IN_GUEST") == "1"


class Host:
    """The host's end of USB (`usb_host.UsbHost`); each request waits for its answer.

    Read the device in another thread while `type` runs: the kernel keeps 64 events for a reader that is busy.
    """

    def __init__(self) -> None:
        """Find the port.

        Raises:
            MissingPart: this is not the guest.
        """
        self._turn = threading.Lock()
        ports = [
            entry.parent.name
            for entry in Path("/sys/class/virtio-ports").glob("*/name")
            if entry.read_text(encoding="ascii").strip() == "devicelab"
        ]
        if not ports:
            raise MissingPart("no guest around us")
        self._stream = Path("/dev", ports[0]).open("r+b", buffering=0)  # noqa: SIM115 - it lives as long as we

    def close(self) -> None:
        """Let go of the port."""
        self._stream.close()

    def ask(self, do: str, **arguments: Any) -> None:
        """Ask for one action of `UsbHost`, by its name."""
        with self._turn:
            self._stream.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                answer += self._stream.read(4096) or b""
        reply = json.loads(answer)
        if not reply["ok"]:
            raise RuntimeError(f"{do}: {reply['why']}")


def start_udev(*rules: Path) -> None:
    """Start udevd (the guest has no init system) with these rules besides the machine's own, or reload it.

    Devices that were there before are not gone through again, which would take seconds.
    """
    here = Path("/run/udev/rules.d")
    here.mkdir(parents=True, exist_ok=True)
    for one in rules:
        (here / one.name).write_bytes(one.read_bytes())
    if Path("/run/udev/control").exists():
        subprocess.run(["udevadm", "control", "--reload"], check=True)
        return
    subprocess.run(["groupadd", "--force", "loyalty-agent"], check=True)
    subprocess.run(["/usr/lib/systemd/systemd-udevd", "--daemon"], check=True, stderr=subprocess.DEVNULL)
    wait_for(Path("/run/udev/control").exists)


def start_pcscd() -> subprocess.Popen[bytes]:
    """Start pcscd with only its USB drivers (libccid)."""
    Path("/run/no-readers").mkdir(exist_ok=True)
    usage = subprocess.run(["pcscd", "--help"], capture_output=True, text=True, check=False)
    polkit = ["--disable-polkit"] if "--disable-polkit" in usage.stdout + usage.stderr else []
    daemon = subprocess.Popen(
        ["pcscd", "--foreground", "-c", "/run/no-readers", *polkit],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(Path("/run/pcscd/pcscd.comm").exists)
    return daemon


def wait_for(condition: Callable[[], T], patience_s: float = 15.0) -> T:
    """Wait until the condition gives something true, and return that."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.005)
    raise TimeoutError(f"nothing within {patience_s} s")
