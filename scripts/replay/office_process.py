"""Head office of the replay: the real server, with the receipts' clock as its argument."""

import sys
from pathlib import Path

from agent.config.headoffice import load_headoffice
from agent.headoffice.serve import run
from scripts.replay.clock import ReceiptClock

if __name__ == "__main__":
    sys.exit(run(load_headoffice(Path(sys.argv[1])), clock=ReceiptClock(Path(sys.argv[2]))))
