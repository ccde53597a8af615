"""Find Debian's programs, or install them as root; fetch its kernel, which is never installed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts import MissingPart

FETCH_TIMEOUT_S = 500

#: What each program or file comes with.
PACKAGES = {
    "/usr/bin/chromium": ("chromium", "fonts-dejavu-core"),
    "/usr/bin/qemu-system-x86_64": ("qemu-system-x86",),
    "/bin/busybox": ("busybox-static",),
    "/usr/lib/systemd/systemd-udevd": ("udev",),
    "/usr/sbin/pcscd": ("pcscd",),
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so": ("vsmartcard-vpcd",),
    "/usr/lib/pcsc/drivers/ifd-ccid.bundle": ("libccid",),
    "/usr/bin/spin": ("spin",),
    "/usr/bin/gcc": ("gcc",),
    "/usr/include/stdlib.h": ("libc6-dev",),
}


def need(*files: str) -> None:
    """Make sure that these files of `PACKAGES` are here.

    Raises:
        MissingPart: one is not, and cannot be installed; the message holds the line that would do it.
    """
    missing = [name for name in files if not Path(name).exists()]
    if not missing:
        return
    packages = sorted({package for name in missing for package in PACKAGES[name]})
    line = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise MissingPart(f"{', '.join(missing)} missing; on Debian, as root: {line}")
    with alone("apt"):
        run_apt("apt-get", "-qq", "--yes", "--no-install-recommends", "install", *packages)
    still = [name for name in missing if not Path(name).exists()]
    if still:
        raise MissingPart(f"{line} did not bring {', '.join(still)}")


def fetch_kernel(into: Path) -> Path:
    """Download Debian's current kernel package (its name changes with every update) and return the file."""
    depends = run_apt("apt-cache", "depends", "--important", "linux-image-amd64")
    match = re.search(r"Depends: (linux-image-\S+)", depends)
    if not match:
        raise MissingPart("apt knows no linux-image-amd64")
    run_apt("apt-get", "-q", "download", match[1], cwd=into)
    return next(into.glob("linux-image-*.deb"))


def run_apt(*words: str, cwd: Path | None = None) -> str:
    """Run an apt tool; where it fails, refresh the package lists once (a fresh image has none).

    Raises:
        MissingPart: it fails all the same.
    """
    if shutil.which(words[0]) is None:
        raise MissingPart(f"this machine has no {words[0]}")
    settings = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    last = ""
    for attempt in range(2):
        done = subprocess.run(
            words, cwd=cwd, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False, env=settings
        )
        if done.returncode == 0 and (done.stdout.strip() or "install" in words):
            return done.stdout
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        if attempt == 0 and os.geteuid() == 0:
            subprocess.run(["apt-get", "-qq", "update"], timeout=FETCH_TIMEOUT_S, check=False, env=settings)
    raise MissingPart(f"{' '.join(words[:4])}…: {last}")


def cache() -> Path:
    """Return our folder in the user's cache (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "loyalty-agent" / "devicelab"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold a name of the cache alone, so that two runs at once fetch only once."""
    with (cache() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
