"""Read a configuration file and its `conf.d` folder: later files win, key by key.

An unknown key is a mistake with its file, and so is a value of the wrong kind; all are listed at once.
`Sources` remembers which file each value came from, for `check-config`.
"""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.documents import mistakes_in
from agent.errors import DocumentError, Mistake

T = TypeVar("T")
Sources = dict[str, str]


def load(path: Path, kind: type[T]) -> tuple[T, Sources]:
    """Return the effective configuration of `path` + `conf.d/*.toml` beside it, and each value's source.

    Raises:
        DocumentError: every mistake of every file, the pointer led by the file's name.
    """
    merged: dict[str, Any] = {}
    sources: Sources = {}
    mistakes: list[Mistake] = []
    for file in [path, *sorted((path.parent / "conf.d").glob("*.toml"))]:
        table = _read(file, mistakes)
        mistakes += [
            one._replace(pointer=f"{file.name}:{one.pointer}")
            for one in mistakes_in(table, kind)
            if one.code != "missing"  # another file may bring it
        ]
        _merge(merged, table, sources, file=file.name)
    if not mistakes:
        mistakes = [one._replace(pointer=f"{path.name}:{one.pointer}") for one in mistakes_in(merged, kind)]
    if mistakes:
        raise DocumentError(f"configuration {path}", mistakes)
    return msgspec.convert(merged, kind), sources


def effective(config: msgspec.Struct, sources: Sources) -> list[tuple[str, Any, str]]:
    """List every effective value as (key, value, the file it came from or "default")."""
    rows: list[tuple[str, Any, str]] = []
    for section, table in msgspec.to_builtins(config).items():
        if not isinstance(table, dict):
            rows.append((section, table, sources.get(section, "default")))
            continue
        for key, value in table.items():
            rows.append((f"{section}.{key}", value, sources.get(f"{section}.{key}", "default")))
    return rows


def _read(file: Path, mistakes: list[Mistake]) -> dict[str, Any]:
    at = f"{file.name}:"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mistakes.append(Mistake(at, "file_missing", {"path": str(file)}, "create it, or name another"))
    except PermissionError:
        mistakes.append(Mistake(at, "file_unreadable", {"path": str(file)}, "let the service read it"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        mistakes.append(Mistake(at, "not_toml", {"detail": str(failure)}, "correct the syntax there"))
    return {}


def _merge(into: dict[str, Any], table: dict[str, Any], sources: Sources, *, file: str, at: str = "") -> None:
    for key, value in table.items():
        name = f"{at}{key}"
        if isinstance(value, dict):
            below = into.setdefault(key, {})
            if isinstance(below, dict):
                _merge(below, value, sources, file=file, at=f"{name}.")
                continue
        into[key] = value
        sources[name] = file
