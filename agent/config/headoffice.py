"""Head office's configuration: where it listens and where it keeps its books."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where tills call; without a certificate only loopback makes sense."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8480
    certificate: str = ""
    key: str = ""


class Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things lie."""

    state: str = "/var/lib/loyalty-headoffice"


class HeadOfficeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    door: Door = Door()
    paths: Paths = Paths()
