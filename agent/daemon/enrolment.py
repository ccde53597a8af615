"""Enrol this till from the command line: keys are made here and stored where the daemon reads them."""

import asyncio
from pathlib import Path

from agent.config.till import TillConfig
from agent.errors import ConfigurationError
from agent.sync.client import ClientSettings
from agent.sync.credentials import Enrolment, key_to_enrol_with, write_credentials
from agent.sync.enrol import enrol


def enrol_till(config: TillConfig, code: str, *, url: str = "") -> Enrolment:
    """Enrol with a one-time code and store the credentials; after a lost answer the same code serves again.

    Raises:
        ConfigurationError: no address of head office is known, or the folder cannot be written.
        Unreachable, Rejected: head office did not answer, or refused the code.
    """
    settings = client_settings(config, url=url)
    if not settings.url:
        raise ConfigurationError("no head office is named", remedy="set head_office.url, or give --url")
    folder = Path(config.paths.credentials)
    credentials = asyncio.run(enrol(settings, code, key=key_to_enrol_with(folder)))
    write_credentials(folder, credentials)
    return credentials.enrolment


def client_settings(config: TillConfig, *, url: str = "") -> ClientSettings:
    """Return how to reach head office as configured."""
    office = config.head_office
    return ClientSettings(
        url=url or office.url,
        ca_file=office.ca_file,
        client_certificate=office.client_certificate,
        client_key=office.client_key,
        deadline_s=office.deadline_s,
    )
