"""The child process of every tool: runs a workload and writes its claims, one line each."""

import argparse
import importlib
import os
import random
from pathlib import Path

from tests.faultlab.command import add_target, target_of
from tests.faultlab.contract import Session
from tests.faultlab.storage import DirectoryStorage

LETTERS = {"start": "s", "attempt": "a", "ack": "c"}


def main() -> None:
    """Parse the command line and work until the limit, an error or the end of the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_target(parser)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--say", required=True, help="file or /dev/fd/N that receives the claims")
    parser.add_argument("--run", type=int, required=True)
    parser.add_argument("--limit", type=int, default=0, help="operations; 0 means until killed")
    arguments = parser.parse_args()
    channel = os.open(arguments.say, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(kind: str, operation: str) -> None:
        # One write per claim: the line is in the pipe whole, or the process died before it.
        os.write(channel, f"{LETTERS[kind]} {operation}\n".encode())

    rng = random.Random(f"{arguments.seed}/{arguments.run}")
    session = Session(run=arguments.run, rng=rng, limit=arguments.limit or None, say=say)
    target = target_of(arguments)
    importlib.import_module(target.module)  # before the start is told: a kill must hit work, not imports
    say("start", "-")
    target.work(DirectoryStorage(arguments.folder.resolve()), session)


if __name__ == "__main__":
    main()
