"""One life of a workload in a child process: started, listened to, stopped, killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.faultlab.command import target_arguments
from tests.faultlab.contract import Target

KINDS = {"s": "start", "a": "attempt", "c": "ack"}
PATIENCE_S = 30.0


def child_environment() -> dict[str, str]:
    """Let the child import what this process can import."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


class Life:
    """A running workload; its claims are read all the while, so that a full pipe never slows it."""

    def __init__(self, target: Target, folder: Path, *, run: int, seed: int) -> None:
        receiving, sending = os.pipe()
        command = [sys.executable, "-m", "tests.faultlab.worker", *target_arguments(target)]
        command += [
            "--folder",
            str(folder),
            "--say",
            f"/dev/fd/{sending}",
            "--run",
            str(run),
            "--seed",
            str(seed),
        ]
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            command, pass_fds=[sending], env=child_environment(), stderr=subprocess.PIPE, text=True
        )
        os.close(sending)
        self._started = threading.Event()
        self._works = threading.Event()
        self.ready_s: float | None = None
        self.claims: list[tuple[str, str]] = []
        self._reader = threading.Thread(target=self._listen, args=(receiving,), daemon=True)
        self._reader.start()

    def _listen(self, receiving: int) -> None:
        with os.fdopen(receiving) as lines:
            for line in lines:
                letter, operation = line.rstrip("\n").split(" ", 1)
                if KINDS[letter] == "start":
                    self._started.set()
                    continue
                if self.ready_s is None:
                    self.ready_s = time.monotonic() - self._begun  # process start to first operation
                self.claims.append((KINDS[letter], operation))
                self._works.set()
        self._started.set()
        self._works.set()

    def live(self, seconds: float, *, at_work: bool = False) -> None:
        """Wait until the program was imported, or until its first operation, and then so many seconds."""
        if not (self._works if at_work else self._started).wait(PATIENCE_S):
            raise TimeoutError("the workload never started")
        time.sleep(seconds)

    def freeze(self) -> None:
        """Stop every thread and wait until each stands still, so that no fsync is under way."""
        self._process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + PATIENCE_S
        while not self._frozen():
            if time.monotonic() > deadline:
                raise TimeoutError("a thread of the workload did not stop")
            time.sleep(0.0005)

    def _frozen(self) -> bool:
        if self._process.poll() is not None:
            return True
        tasks = Path(f"/proc/{self._process.pid}/task")
        # The state follows the parenthesised name, which may itself hold spaces and brackets.
        states = [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks.iterdir()]
        return all(state in "TtZX" for state in states)

    def kill(self) -> None:
        """End the process with SIGKILL and collect its last claims.

        Raises:
            RuntimeError: the workload had ended by itself: a fault of the test or of the program.
        """
        ended = self._process.poll()
        self._process.kill()
        complaint = self._process.communicate()[1]
        self._reader.join(PATIENCE_S)
        if ended is not None:
            raise RuntimeError(f"the workload ended by itself ({ended}): {complaint.strip()[-500:]}")
