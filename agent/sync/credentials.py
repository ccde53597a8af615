"""The till's credentials: who it is, its own key, the fleet key and the publisher's public key.

Files of one folder, each 0600: `till.key` (32 raw bytes, Ed25519), `fleet.key` (32 bytes) and
`enrolment.json`.  The till's key is made here and never leaves.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import ConfigurationError
from agent.files import flush_folder, write_secret

TILL_KEY, FLEET_KEY, ENROLMENT = "till.key", "fleet.key", "enrolment.json"
NEXT_KEY = "next.key"
"""The key of an enrolment under way; gone once it is answered."""


class Enrolment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What head office said at enrolment; `publisher_key` is hex."""

    till: str
    store: str
    url: str
    publisher_key: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """An enrolled till's secrets, in memory only."""

    enrolment: Enrolment
    key: Ed25519PrivateKey
    fleet_key: bytes

    @property
    def publisher_key(self) -> bytes:
        """The public key that signs programmes, 32 bytes."""
        return bytes.fromhex(self.enrolment.publisher_key)


def read_credentials(folder: Path, *, prefix: str = "") -> Credentials | None:
    """Return the credentials in `folder`, None if this till is not enrolled.

    systemd hands a folder over with a prefix before each name ("creds_").

    Raises:
        ConfigurationError: some are there but unusable.
    """
    try:
        key = (folder / f"{prefix}{TILL_KEY}").read_bytes()
        fleet_key = (folder / f"{prefix}{FLEET_KEY}").read_bytes()
        enrolment = (folder / f"{prefix}{ENROLMENT}").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise ConfigurationError(
            f"credentials in {folder} cannot be read: {failure.strerror}", remedy="start as the service"
        ) from None
    try:
        told = msgspec.json.decode(enrolment, type=Enrolment)
        return Credentials(told, Ed25519PrivateKey.from_private_bytes(key), fleet_key)
    except (msgspec.DecodeError, ValueError) as failure:
        raise ConfigurationError(
            f"credentials in {folder} are damaged: {failure}", remedy="enrol this till anew"
        ) from None


def key_to_enrol_with(folder: Path) -> Ed25519PrivateKey:
    """Return the key of an enrolment that is still to be answered, made and stored at the first attempt.

    A lost answer spends the code on this key: the next attempt has to show it again.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    path = folder / NEXT_KEY
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        key = Ed25519PrivateKey.generate()
        write_secret(path, key.private_bytes_raw())
        flush_folder(folder)
    except OSError as failure:
        raise _unwritable(folder, failure) from None
    return key


def write_credentials(folder: Path, credentials: Credentials) -> None:
    """Store credentials durably; `enrolment.json` comes last, so a cut leaves an un-enrolled till.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    files = (
        (TILL_KEY, credentials.key.private_bytes_raw()),
        (FLEET_KEY, credentials.fleet_key),
        (ENROLMENT, msgspec.json.encode(credentials.enrolment)),
    )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files:
            write_secret(folder / name, content)
        (folder / NEXT_KEY).unlink(missing_ok=True)
        flush_folder(folder)
    except OSError as failure:
        raise _unwritable(folder, failure) from None


def _unwritable(folder: Path, failure: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"credentials cannot be written to {folder}: {failure.strerror}", remedy="run this as root"
    )
