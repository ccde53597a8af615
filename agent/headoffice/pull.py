"""Pull: everything booked behind a cursor, in files, and the cursor to go on from (step 10)."""

from pathlib import Path
from typing import NamedTuple

from agent.errors import ConfigurationError
from agent.headoffice.export import write_cursor, write_stretch
from agent.headoffice.feed import CURSOR, START, cursor_at, position_of
from agent.headoffice.office import Office
from agent.headoffice.store import log

STRETCH = 100_000
"""Entries in one folder of files."""
CURSOR_FILE = "cursor"


class Pulled(NamedTuple):
    """What a pull brought, and the cursor behind it."""

    cursor: str
    folders: list[str]
    rows: dict[str, int]


def pull(
    office: Office, to: Path, *, after: str = "", form: str = "ndjson", stretch: int = STRETCH
) -> Pulled:
    """Write all that follows `after`: a cursor, or a file that holds one and gets the next.

    A stretch is complete before the cursor moves, so a pull that was cut repeats it with the same bytes.

    Raises:
        DocumentError: `after` is no cursor.
        ConfigurationError: the folder cannot be written, or Parquet without DuckDB.
    """
    cursor_file = None if not after or CURSOR.match(after) else Path(after)
    try:
        cursor = _start(after, cursor_file)
        to.mkdir(parents=True, exist_ok=True)
        folders: list[str] = []
        rows: dict[str, int] = {}
        position, last = position_of(cursor), log.last_position(office.store)
        while position < last:
            until = min(position + stretch, last)
            manifest = write_stretch(office.store, to, position, until, form=form)
            folders.append(f"{position:012d}-{until:012d}")
            rows = {table: rows.get(table, 0) + count for table, count in manifest["rows"].items()}
            position = until
            for path in {to / CURSOR_FILE, cursor_file or to / CURSOR_FILE}:
                write_cursor(path, cursor_at(position))
    except OSError as failure:
        raise ConfigurationError(
            f"cannot write to {to}: {failure.strerror or failure}", remedy="name a folder that can be written"
        ) from None
    return Pulled(cursor_at(position), folders, rows)


def _start(after: str, file: Path | None) -> str:
    if file is None:
        return after or START
    return file.read_text(encoding="utf-8").strip() if file.exists() else START
