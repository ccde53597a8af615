"""One till of the replay: the real daemon, with the receipts' clock as its argument."""

import sys
from pathlib import Path

from agent.config.load import load
from agent.config.till import TillConfig
from agent.daemon.run import run
from scripts.replay.clock import ReceiptClock

if __name__ == "__main__":
    config, _ = load(Path(sys.argv[1]), TillConfig)
    sys.exit(run(config, clock=ReceiptClock(Path(sys.argv[2]))))
