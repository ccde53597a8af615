"""An environment of the peers' own: what we are compared with never meets what we install.

It lies in the user's cache, is made from `scripts/locks/bench-peers.txt` (every package with its hash) and
made anew when the lock changes.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.benches.figures import CannotRun

HERE = Path(__file__).resolve().parent
LOCK = HERE.parents[1] / "locks" / "bench-peers.txt"
SOURCE_ONLY = ("django-haystack",)
"""Published as source alone: pure Python, built with the locked setuptools once that is installed."""
PIP = (
    "-m",
    "pip",
    "install",
    "-qq",
    "--disable-pip-version-check",
    "--no-input",
    "--require-hashes",
    "--no-deps",
)
LONGEST_S = 600


def ask(peer: str, case: dict[str, Any]) -> dict[str, Any]:
    """Let a peer price the case in a process of its environment; return the figure that it prints.

    Raises:
        CannotRun: the environment cannot be made here, or the peer fails.
    """
    # -I: otherwise a peer's script would find itself when it imports the package that it is named after.
    told = _run([str(python()), "-I", str(HERE / f"{peer}.py")], stdin=json.dumps(case))
    figure: dict[str, Any] = json.loads(told.splitlines()[-1])
    return figure


def python() -> Path:
    """Return the environment's Python; make the environment first where that is needed."""
    folder = cache() / "bench-peers"
    stamp = folder / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    interpreter = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        print("installing what we are compared with (scripts/locks/bench-peers.txt)", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise CannotRun(f"no cache folder: {failure}") from None
        _run([sys.executable, "-m", "venv", str(folder)])
        _install(interpreter)
        stamp.write_text(wanted, encoding="ascii")
    return interpreter


def cache() -> Path:
    """Return our folder in the user's cache (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "loyalty-agent"


def parts_of(lock: str) -> tuple[str, str]:
    """Split a lock into what has wheels and what must be built with that."""
    entries = [one for one in lock.replace("\\\n", " ").splitlines() if one.strip()]
    source = [one for one in entries if one.split("==")[0] in SOURCE_ONLY]
    return "\n".join(one for one in entries if one not in source), "\n".join(source)


def _install(interpreter: Path) -> None:
    wheels, source = parts_of(LOCK.read_text(encoding="utf-8"))
    for lock, how in ((wheels, ["--only-binary", ":all:"]), (source, ["--no-build-isolation"])):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(lock)
            file.flush()
            _run([str(interpreter), *PIP, *how, "-r", file.name])


def _run(command: list[str], *, stdin: str = "") -> str:
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise CannotRun(f"{' '.join(command[1:4])}: {failure}") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotRun(f"{' '.join(command[1:4])} ended with {done.returncode}: {reason}")
    return done.stdout
