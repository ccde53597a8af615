"""Packages beside the tests' own: tools that drag much in lie in the user's cache, each from its own lock."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.benches.peers.environment import PIP, cache

LOCKS = Path(__file__).resolve().parents[1] / "locks"


def packages(name: str) -> Path:
    """Return the folder of `scripts/locks/NAME.txt`'s packages for PYTHONPATH; fill it if it is stale.

    Raises:
        OSError, subprocess.SubprocessError: they cannot be installed here.
    """
    lock = LOCKS / f"{name}.txt"
    folder = cache() / name
    stamp = folder / "lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, *PIP, "--only-binary", ":all:", "--target", str(folder), "-r", str(lock)]
        subprocess.run(command, check=True)
        stamp.write_text(wanted, encoding="ascii")
    return folder
