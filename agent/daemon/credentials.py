"""This till's credentials: from systemd if it hands them over, else from their folder."""

import os
from pathlib import Path

from agent.config.till import TillConfig
from agent.sync.credentials import Credentials, read_credentials

SYSTEMD_PREFIX = "creds_"


def load_credentials(config: TillConfig) -> Credentials | None:
    """Return them, None if this till is not enrolled.

    Raises:
        ConfigurationError: some are there but unusable.
    """
    handed_over = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if handed_over and (found := read_credentials(Path(handed_over), prefix=SYSTEMD_PREFIX)):
        return found
    return read_credentials(Path(config.paths.credentials))
