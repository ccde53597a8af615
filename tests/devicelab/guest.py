"""Run one command in a guest with real kernel devices, and plug USB devices while it runs.

    python -m tests.devicelab.guest --out results -- python -m pytest tests/drivers/guest

The guest sees this machine's files at the same paths, read-only, under a layer in RAM; only `out` is
written back. It has Debian's own kernel, one CPU, no network and no init system. Exit status: the
command's; 77 it cannot run here, 125 the guest did not come up, 124 it ran out of time.
"""

from __future__ import annotations

import argparse
import gzip
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.devicelab.debian import need
from tests.devicelab.initramfs import cpio, kernel
from tests.devicelab.usb_host import UsbHost
from tests.parts import MissingPart

CANNOT_RUN, NOT_UP, OUT_OF_TIME = 77, 125, 124
PORT_NAME = "devicelab"
_QEMU = "/usr/bin/qemu-system-x86_64"
_DONE = "guest: exit status "
_SETTINGS = "export HOME=/root PYTHONDONTWRITEBYTECODE=1 LOYALTY_IN_GUEST=1"
_PATH = "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(
    command: Sequence[str], *, out: Path, timeout_s: float = 240, memory_mb: int = 1024
) -> tuple[int, str]:
    """Boot, run the command in the current folder, and return its exit status and what the console showed.

    Raises:
        MissingPart: QEMU, the kernel or udev cannot be had here.
    """
    need(_QEMU, "/usr/lib/systemd/systemd-udevd")
    system = kernel()
    with tempfile.TemporaryDirectory(prefix="guest-") as place:
        folder = Path(place)
        initramfs = folder / "initramfs.gz"
        initramfs.write_bytes(system.initramfs.read_bytes() + _command_archive(command, out))
        arguments = _arguments(system.image, initramfs, folder=folder, out=out, memory_mb=memory_mb)
        with subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace",
        ) as machine:  # fmt: skip
            killer = threading.Timer(timeout_s, machine.kill)
            killer.start()
            try:
                usb = UsbHost(folder)
                serving = threading.Thread(target=usb.serve, daemon=True)
                serving.start()
                console = machine.stdout.read() if machine.stdout else ""
                was_killed = not killer.is_alive()
                serving.join(5)
                usb.close()
            finally:
                killer.cancel()
                machine.kill()
    told = [line.strip() for line in console.splitlines()]
    status = next((int(line.removeprefix(_DONE)) for line in told if line.startswith(_DONE)), NOT_UP)
    return (OUT_OF_TIME if was_killed else status), console


def _command_archive(command: Sequence[str], out: Path) -> bytes:
    """Pack what differs from run to run: the command and the output folder."""
    script = f"{_SETTINGS}\n{_PATH}\ncd {shlex.quote(str(Path.cwd()))} && exec {shlex.join(command)}\n"
    settings = f"OUT={shlex.quote(str(out))}\n"
    return gzip.compress(
        cpio({"command.sh": (0o100644, script.encode()), "run.env": (0o100644, settings.encode())})
    )


def _arguments(image: Path, initramfs: Path, *, folder: Path, out: Path, memory_mb: int) -> list[str]:
    """Say what machine QEMU shall be. No KVM: a /dev/kvm that exists may still hang."""
    machine = [
        _QEMU, "-machine", "q35,accel=tcg", "-m", str(memory_mb), "-smp", "1", "-nodefaults",
        "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
        "-kernel", str(image), "-initrd", str(initramfs),
        "-append", "console=ttyS0 quiet loglevel=3 panic=-1",
        "-device", "qemu-xhci,id=xhci",
        "-chardev", f"socket,id=control,path={folder}/control,server=on,wait=off",
        "-device", "virtio-serial-pci",
        "-device", f"virtserialport,chardev=control,name={PORT_NAME}",
        "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
    ]  # fmt: skip
    for tag, path, more in (("root", Path("/"), ",readonly=on"), ("out", out, "")):
        share = f"local,id={tag},path={path},security_model=none,multidevs=remap{more}"
        machine += ["-fsdev", share, "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
    return machine


def main() -> int:
    """Read the command line and run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.devicelab.guest", description=__doc__)
    parser.add_argument("--out", type=Path, default=None, help="a folder that the guest may write to")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    out = Path(given.out or tempfile.mkdtemp(prefix="guest-out-")).resolve()
    out.mkdir(parents=True, exist_ok=True)
    try:
        status, console = run(given.command, out=out, timeout_s=given.timeout)
    except MissingPart as why:
        print(f"cannot run: {why}", file=sys.stderr)
        return CANNOT_RUN
    print(console)
    return status


if __name__ == "__main__":
    sys.exit(main())
