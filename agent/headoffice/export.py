"""Write a stretch of the log as files: NDJSON and CSV by ourselves, Parquet by DuckDB (its only door).

All files of a stretch appear together: written under a temporary name, synced, renamed.  The same
stretch gives the same bytes; for Parquet only with the same DuckDB, so files are kept, not made again.
"""

import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from agent.errors import ConfigurationError
from agent.headoffice.feed import cursor_at, events
from agent.headoffice.store.protocol import Store
from agent.headoffice.tables import SCHEMA_VERSION, TABLES, TEXT, log_rows, table_rows

READ_JSON = "format = 'newline_delimited', maximum_object_size = 67108864"
FORMATS = ("ndjson", "csv", "parquet")
# A spreadsheet runs a cell that begins like this as a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_encode = msgspec.json.Encoder().encode


def write_stretch(store: Store, folder: Path, after: int, until: int, *, form: str) -> dict[str, Any]:
    """Write the log in (after, until] below `folder` and return its manifest.

    Raises:
        ConfigurationError: Parquet without DuckDB.
        OSError: the folder cannot be written; nothing half-written stays under the final name.
    """
    name = f"{after:012d}-{until:012d}"
    draft, final = folder / f".{name}.new", folder / name
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    rows = {table: _write_table(store, draft, table, (after, until), form=form) for table in TABLES}
    if form == "ndjson":
        _write(draft / "events.ndjson", (line + b"\n" for line in _events(store, after, until)))
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "format": form,
        "after": cursor_at(after),
        "cursor": cursor_at(until),
        "rows": rows,
        "programmes": sorted(_programmes(store, after, until)),
        "sha256": {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(draft.iterdir())},
    }
    _write(draft / "manifest.json", [msgspec.json.format(_encode(manifest), indent=2) + b"\n"])
    _sync(draft)
    if final.exists():  # written before, but the cursor was not: the same stretch again
        shutil.rmtree(final)
    draft.rename(final)
    _sync(folder)
    return manifest


def write_cursor(path: Path, cursor: str) -> None:
    """Store a cursor durably; only after what lies before it is."""
    draft = path.with_name(f".{path.name}.new")
    _write(draft, [f"{cursor}\n".encode()])
    draft.replace(path)
    _sync(path.parent)


def _write_table(store: Store, folder: Path, table: str, stretch: tuple[int, int], *, form: str) -> int:
    count = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal count
        for row in table_rows(store, table, *stretch):
            count += 1
            yield row

    if form == "csv":
        _write(folder / f"{table}.csv", _csv(table, counted()))
        return count
    lines = folder / f"{table}.ndjson"
    _write(lines, (_encode(row) + b"\n" for row in counted()))
    if form == "parquet":
        _to_parquet(lines, folder / f"{table}.parquet", TABLES[table])
        lines.unlink()
    return count


def _csv(table: str, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    columns = TABLES[table]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            [harmless(row[name]) if kind == TEXT else row[name] for name, kind in columns.items()]
        )
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def harmless(cell: str) -> str:
    """Return a text cell that no spreadsheet runs.

    >>> harmless("=SUM(A1)"), harmless("milk")
    ("'=SUM(A1)", 'milk')
    """
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _to_parquet(source: Path, target: Path, columns: dict[str, str]) -> None:
    try:
        import duckdb  # noqa: PLC0415 - an extra of head office
    except ModuleNotFoundError:
        raise ConfigurationError(
            "Parquet needs DuckDB", remedy="install loyalty-agent[headoffice], or pull ndjson or csv"
        ) from None
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        rows = f"SELECT * FROM read_json({_quoted(source)}, {READ_JSON}, columns = {columns})"  # noqa: S608
        connection.execute(f"COPY ({rows}) TO {_quoted(target)} (FORMAT parquet, COMPRESSION zstd)")
    finally:
        connection.close()
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _events(store: Store, after: int, until: int) -> Iterator[bytes]:
    for row in log_rows(store, after, until):
        yield from events([row])


def _programmes(store: Store, after: int, until: int) -> set[str]:
    receipts = table_rows(store, "receipts", after, until)
    return {f"{row['programme']}/{row['version']}" for row in receipts if row["programme"]}


def _write(path: Path, parts: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
