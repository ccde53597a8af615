"""Training: the till answers as always, from a copy of its ledger that nobody is sent and nobody keeps.

The copy is made at each start and thrown away at the next, in training or not, so nothing that is sold in
training is booked; without head office the till is as offline as it can be.
"""

import shutil
from pathlib import Path

import msgspec

from agent.config.till import HeadOffice, TillConfig
from agent.ledger.backup import backup
from agent.ledger.first_run import NAME

FOLDER = "training"


def practising(config: TillConfig) -> TillConfig:
    """Return the configuration to run with: in training, another state folder and no head office.

    Raises:
        LedgerError: the ledger cannot be copied.
    """
    real = Path(config.paths.state)
    practice = real / FOLDER
    shutil.rmtree(practice, ignore_errors=True)  # no erasure reaches what lies in it
    if not config.till.training:
        return config
    practice.mkdir(mode=0o700, parents=True)
    if (real / NAME).exists():
        backup(real, practice / NAME)
    for directory in real.glob("members-*.db"):
        (practice / directory.name).hardlink_to(directory)
    paths = msgspec.structs.replace(config.paths, state=str(practice))
    return msgspec.structs.replace(config, paths=paths, head_office=HeadOffice())
