"""A till whose disk fails at one sync: the real daemon, its ledger in a folder of the fault lab."""

import sys
from pathlib import Path

from agent.clock import SystemClock
from agent.config.load import load
from agent.config.till import TillConfig
from agent.daemon.run import run
from agent.ledger.storage import Storage
from tests.faultlab.recorded import Fault, RecordedDisk


def failing(folder: Path) -> Storage:
    """Open the state folder with the fault that the command line names."""
    folder.mkdir(parents=True, exist_ok=True)
    return RecordedDisk(folder.resolve(), fault=Fault("sync", int(sys.argv[2])))


if __name__ == "__main__":
    config, _ = load(Path(sys.argv[1]), TillConfig)
    sys.exit(run(config, clock=SystemClock(), storage=failing))
