"""One till of the replay: the real daemon, with the receipts' clock as its argument.

A third argument names a planted bug of the fault lab: then its ledger lies in a storage that has it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from agent.config.load import load
from agent.config.till import TillConfig
from agent.daemon.run import run
from agent.ledger.storage import DiskStorage, Storage
from scripts.replay.clock import ReceiptClock

if __name__ == "__main__":
    config, _ = load(Path(sys.argv[1]), TillConfig)
    storage: Callable[[Path], Storage] = DiskStorage
    if len(sys.argv) > 3:
        from tests.faultlab.mutants import MUTANTS

        storage = lambda folder: MUTANTS[sys.argv[3]](DiskStorage(folder))  # noqa: E731
    sys.exit(run(config, clock=ReceiptClock(Path(sys.argv[2])), storage=storage))
