"""A till with a bug: it answers before anything is on its disk, and works on a copy that dies with it."""

import shutil
import sys
import tempfile
from pathlib import Path

from agent.clock import SystemClock
from agent.config.load import load
from agent.config.till import TillConfig
from agent.daemon.run import run
from agent.ledger.storage import DiskStorage, Storage


def volatile(folder: Path) -> Storage:
    """Open a copy of the state folder, beside it, that nobody copies back."""
    place = Path(tempfile.mkdtemp(dir=folder.parent)) / "state"
    shutil.copytree(folder, place)
    return DiskStorage(place)


if __name__ == "__main__":
    config, _ = load(Path(sys.argv[-1]), TillConfig)
    sys.exit(run(config, clock=SystemClock(), storage=volatile))
