"""Small things head office keeps about itself: its keys, and the number of the last change."""

from agent.headoffice.store.protocol import Store


def setting(store: Store, name: str) -> bytes:
    """Return a setting made with the books."""
    row = store.row("SELECT value FROM setting WHERE name = ?", (name,))
    assert row is not None, name
    return bytes(row["value"])


def make_settings(store: Store, fresh: dict[str, bytes]) -> None:
    """Keep what is there already, add what is missing."""
    with store.writing():
        store.run_many(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            list(fresh.items()),
        )
        store.run("INSERT INTO setting (name, value) VALUES ('change', 0) ON CONFLICT (name) DO NOTHING")


def next_change(store: Store) -> int:
    """Return the next number of the change cursor; inside `writing`, so numbers appear in order.

    No number is given twice, also if these books came back from a backup: tills that heard of later
    changes would pass over others under the same numbers.
    """
    store.run(
        "UPDATE setting SET value = CASE WHEN value + 1 < ? THEN ? ELSE value + 1 END WHERE name = 'change'",
        (store.changes_from, store.changes_from),
    )
    return change(store)


def change(store: Store) -> int:
    """Return the number of the last change."""
    row = store.row("SELECT value FROM setting WHERE name = 'change'")
    assert row is not None
    return int(row["value"])
