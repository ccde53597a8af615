"""A power cut by the real kernel: a file system on a loop device goes down without writing its log.

The ioctl GOINGDOWN with flag 2 makes the file system drop every byte that no fsync made durable.  What
the device already received stays: a drive that lies about its own cache is not simulated.  Needs root.
"""

import fcntl
import os
import random
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.faultlab.contract import Tally, Target, UnsupportedError
from tests.faultlab.kill_loop import Outcome, judge
from tests.faultlab.lives import Life

GOINGDOWN = 0x8004587D
"""_IOR('X', 125, u32): the same number on ext4 and xfs."""
NO_LOG_FLUSH = 2
PATIENCE_S = 10.0
AT_WORK = 0.8
"""Share of cuts that hit a selling till; the others hit its start."""
PROBE = "probe"
MAKE = {
    "ext4": (["mkfs.ext4", "-q", "-F"], "48M"),
    "xfs": (["mkfs.xfs", "-q", "-f"], "320M"),  # mkfs.xfs refuses less than 300 MB
}


class CutDisk:
    """A file system of its own that can lose power.

    Raises:
        UnsupportedError: this machine has no root, no such file system, or no loop device.
    """

    def __init__(self, kind: str) -> None:
        self._make, self._size = MAKE[kind]
        self._kind = kind
        self._home = Path(tempfile.mkdtemp(prefix="powercut-"))
        self._image = self._home / "image"
        self.root = self._home / "mount"

    def __enter__(self) -> Self:
        self.root.mkdir()
        try:
            self.format()
            self.mount()
            self.cut()
            self.unmount()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.root.is_mount():
            subprocess.run(["umount", "-l", str(self.root)], check=False)
        shutil.rmtree(self._home, ignore_errors=True)

    def format(self) -> None:
        """Make the file system anew; it must not be mounted."""
        if os.geteuid() != 0:
            raise UnsupportedError("mounting a loop device needs root")
        if shutil.which(self._make[0]) is None:
            raise UnsupportedError(f"{self._make[0]} is not installed")
        self._image.unlink(missing_ok=True)
        with self._image.open("wb") as image:
            image.truncate(int(self._size.removesuffix("M")) * 1024 * 1024)
        _run(*self._make, str(self._image))

    def mount(self) -> None:
        """Mount, which replays the journal after a cut."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            _run("mount", "-t", self._kind, "-o", "loop", str(self._image), str(self.root))
            try:
                (self.root / PROBE).touch()
                (self.root / PROBE).unlink()
            except OSError as error:
                # A process elsewhere that copied our mount (unshare, a service's sandbox) keeps the dead one.
                self.unmount()
                if time.monotonic() > deadline:
                    raise UnsupportedError(f"the file system stays down: {error}") from error
                time.sleep(0.1)
                continue
            return

    def unmount(self) -> None:
        """Unmount; the loop device goes with it."""
        _run("umount", str(self.root))

    def cut(self) -> None:
        """Take the power away: from here on nothing more reaches the device."""
        descriptor = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, GOINGDOWN, struct.pack("I", NO_LOG_FLUSH))
        except OSError as error:
            raise UnsupportedError(f"{self._kind} refuses the shutdown ioctl ({error})") from error
        finally:
            os.close(descriptor)


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise UnsupportedError(f"{' '.join(command[:3])} failed: {result.stderr.strip()[:200]}")


def power_cuts(
    target: Target,
    kind: str,
    *,
    cuts: int,
    seed: int,
    life_s: float = 0.3,
    fresh_share: float = 0.1,
    tell: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Cut so often; a share of the lives begins on an empty file system, to hit the creation.

    Raises:
        UnsupportedError: this machine cannot.
    """
    chance, outcome, tally = random.Random(seed), Outcome(), Tally()
    with CutDisk(kind) as disk:
        for run in range(cuts):
            if chance.random() < fresh_share:
                disk.format()
                tally = Tally()
            disk.mount()
            life = Life(target, disk.root, run=run, seed=seed)
            try:
                life.live(life_s * chance.random(), at_work=chance.random() < AT_WORK)
                # Stop it first: an fsync under way while the file system goes down returns success
                # about once in 20 cuts, and its acknowledgement would count as lost.
                life.freeze()
                disk.cut()
            finally:
                life.kill()
            disk.unmount()
            disk.mount()
            judge(target, disk.root, life, tally, outcome)
            disk.unmount()
            tell(outcome)
    return outcome
