"""The guest's kernel and first file system, made of Debian's own kernel package (unpacked, not installed).

The archive holds busybox, guest_init.sh and the modules that the guest's devices need, in load order. It is
built once a kernel package (7 s) and kept in the cache.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import lzma
import platform
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tests.devicelab.debian import alone, cache, fetch_kernel, need
from tests.parts import MissingPart

_APPLETS = ("sh", "mount", "insmod", "mkdir", "poweroff", "cp", "cat", "umount", "switch_root")
_MODULES = (  # a name that the kernel has built in is left out
    "virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console",  # the machine itself
    "evdev", "uinput", "uhid", "hid_generic", "usbhid", "xhci_pci",  # keyboards and raw HID
    "usbserial", "ftdi_sio", "cdc_acm",  # serial scanners
)  # fmt: skip
_INIT = Path(__file__).with_name("guest_init.sh")


class Kernel(NamedTuple):
    """What QEMU boots."""

    image: Path
    initramfs: Path


def kernel() -> Kernel:
    """Return the kernel to boot; it is built on first use and when this recipe has changed.

    Raises:
        MissingPart: it cannot be fetched here, or this is no x86_64 machine.
    """
    if platform.machine() != "x86_64":
        raise MissingPart("the guest is built for x86_64 only")
    recipe = hashlib.sha256(Path(__file__).read_bytes() + _INIT.read_bytes()).hexdigest()[:12]
    folder = cache() / f"kernel-{recipe}"
    with alone("kernel"):
        if not folder.exists():
            need("/bin/busybox")
            with tempfile.TemporaryDirectory(dir=cache()) as work:
                _build(Path(work))
                (Path(work) / "kernel").rename(folder)
    return Kernel(folder / "vmlinuz", folder / "initramfs.gz")


def cpio(files: dict[str, tuple[int, bytes]]) -> bytes:
    """Pack files (name: mode with type bits, content) as the kernel's "newc" archive, folders included."""
    parents = [
        parent for name in files for parent in reversed(PurePosixPath(name).parents) if str(parent) != "."
    ]
    folders = {str(parent): (0o040755, b"") for parent in parents}
    archive = bytearray()
    for number, (name, (mode, data)) in enumerate(
        [*folders.items(), *files.items(), ("TRAILER!!!", (0, b""))], 1
    ):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        archive += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(archive) % 4)
    return bytes(archive)


def _build(work: Path) -> None:
    """Take vmlinuz and the modules out of the package, and pack the archive."""
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(fetch_kernel(work))], stdout=subprocess.PIPE
    ) as unpacking:
        with tarfile.open(fileobj=unpacking.stdout, mode="r|") as package:
            for member in package:
                if member.isfile() and ("/boot/vmlinuz-" in member.name or ".ko" in member.name):
                    content = package.extractfile(member) or io.BytesIO()
                    (work / PurePosixPath(member.name).name).write_bytes(content.read())
        with contextlib.suppress(OSError):
            unpacking.communicate(timeout=60)
    modules = _load_order(work)
    files = {f"modules/{name}": (0o100644, content) for name, content in modules}
    files["modules/order"] = (0o100644, "".join(f"{name}\n" for name, _ in modules).encode())
    files["init"] = (0o100755, _INIT.read_bytes())
    files["bin/busybox"] = (0o100755, Path("/bin/busybox").read_bytes())
    files |= {f"bin/{applet}": (0o120777, b"busybox") for applet in _APPLETS}
    files |= {f"{folder}/.keep": (0o100644, b"") for folder in ("proc", "sys", "dev", "mnt", "lower", "rw")}
    made = work / "kernel"
    made.mkdir()
    (made / "initramfs.gz").write_bytes(gzip.compress(cpio(files), 6, mtime=0))
    next(work.glob("vmlinuz-*")).rename(made / "vmlinuz")


def _load_order(modules: Path) -> list[tuple[str, bytes]]:
    """Return the wanted modules and all they depend on, each after what it needs."""
    found = {
        re.sub(r"\.ko(\.\w+)?$", "", path.name).replace("-", "_"): path for path in modules.glob("*.ko*")
    }
    order: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in order or name not in found:
            return
        data = _plain(found[name])
        for needed in (re.findall(rb"\0depends=([^\0]*)\0", data) or [b""])[0].decode().split(","):
            add(needed.replace("-", "_"))
        order[name] = data

    for wanted in _MODULES:
        add(wanted)
    return [(f"{name}.ko", data) for name, data in order.items()]


def _plain(module: Path) -> bytes:
    """Undo the compression that newer Debian kernels use for modules."""
    return lzma.decompress(module.read_bytes()) if module.suffix == ".xz" else module.read_bytes()
