"""Head office's configuration; config/README.md shows every key with unit, default and reason."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.documents import convert, mistakes_in
from agent.errors import DocumentError, Mistake
from agent.loyalty.language.sanity import Caps


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where tills call; with certificate and key they call over TLS."""

    host: Annotated[str, Meta(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8480
    certificate: str = ""
    key: str = ""


class Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things lie; a service has this made by systemd."""

    state: str = "/var/lib/loyalty-headoffice"


Percent = Annotated[int, Meta(ge=0, le=100)]


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of members' points lies in their home stores before it is asked for."""

    policy: Literal["none", "half_at_home", "whole_at_home"] = "none"
    share: Percent | None = None
    keep_free: Percent | None = None
    least: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    part: Annotated[int, Meta(ge=1, le=1_000_000)] = 100
    after_s: Annotated[int, Meta(ge=0, le=86_400)] = 60
    visits_days: Annotated[int, Meta(ge=1, le=3660)] = 90
    honour_days: Annotated[int, Meta(ge=1, le=366)] = 30
    silent_days: Annotated[int, Meta(ge=1, le=366)] = 7


class HeadOfficeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    door: Door = Door()
    paths: Paths = Paths()
    publish: Caps = Caps()
    placement: Placement = Placement()


def load_headoffice(path: Path) -> HeadOfficeConfig:
    """Read head office's one file; `conf.d` beside it is the till's.

    Raises:
        DocumentError: every mistake of the file.
    """
    what = f"configuration {path}"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        missing = Mistake("", "file_missing", {"path": str(path)}, "create it, or name another with --config")
        raise DocumentError(what, [missing]) from None
    except PermissionError:
        raise DocumentError(what, [Mistake("", "file_unreadable", {}, "let the service read it")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        detail = {"detail": str(failure)}
        raise DocumentError(what, [Mistake("", "not_toml", detail, "correct the syntax there")]) from None
    mistakes = mistakes_in(table, HeadOfficeConfig)
    if not mistakes:
        mistakes = list(_needs(convert(table, HeadOfficeConfig, what=what)))
    if mistakes:
        raise DocumentError(what, mistakes)
    return convert(table, HeadOfficeConfig, what=what)


def _needs(config: HeadOfficeConfig) -> list[Mistake]:
    """Find keys that are right each but not together."""
    door = config.door
    if bool(door.certificate) != bool(door.key):
        return [Mistake("/door", "half_a_pair", {}, "give both door.certificate and door.key, or neither")]
    if not door.certificate and door.host not in {"127.0.0.1", "::1", "localhost"}:
        return [Mistake("/door/host", "needs_tls", {"host": door.host}, "give door.certificate and door.key")]
    return []
