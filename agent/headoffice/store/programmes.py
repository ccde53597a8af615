"""Published programmes: every version, its text, its signature."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store


def newest_programme(store: Store) -> Row | None:
    """Return the programme published last."""
    return store.row("SELECT * FROM programme ORDER BY change DESC LIMIT 1")


def highest_version(store: Store, name: str) -> int:
    """Return the highest version of a programme, 0 if there is none."""
    row = store.row("SELECT COALESCE(max(version), 0) AS version FROM programme WHERE id = ?", (name,))
    assert row is not None
    return int(row["version"])


def programme_row(store: Store, name: str, version: int) -> Row | None:
    """Return one version of a programme."""
    return store.row("SELECT * FROM programme WHERE id = ? AND version = ?", (name, version))


def programme_by_hash(store: Store, sha256: str) -> Row | None:
    """Return the programme whose text has this hash."""
    return store.row("SELECT * FROM programme WHERE sha256 = ?", (sha256,))


def all_programmes(store: Store) -> Sequence[Row]:
    """Return every version, oldest first."""
    return store.rows("SELECT id, version, sha256, published_ms, change FROM programme ORDER BY change")


def add_programme(
    store: Store,
    key: tuple[str, int],
    text: bytes,
    *,
    sha256: str,
    signature: bytes,
    now_ms: int,
    change: int,
) -> None:
    """Add a version; `key` is (id, version)."""
    store.run(
        "INSERT INTO programme (id, version, sha256, signature, text, published_ms, change)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*key, sha256, signature, text, now_ms, change),
    )
