"""A member is erased: here at once, at every till with its next pull, in every directory within 25 days.

Entries stay, under a pseudonym that leads nowhere: no card and no word about the person is left.  The
erasure stands in our own journal before a till hears of it, so books from an older backup erase again.
"""

from typing import Any

from agent.headoffice.feed import instant
from agent.headoffice.members import find
from agent.headoffice.office import Office
from agent.headoffice.store import directories, erasures

DAY_MS = 86_400_000
DIRECTORY_WITHIN_DAYS = 25
"""A directory still holds the erased until the next one: it must be made so soon (30 days are promised)."""


def erase(office: Office, member_or_card: str) -> str:
    """Erase a member, found by id or card number; return the pseudonym.

    Raises:
        Refused: nobody has this id or card number.
    """
    with office.store.writing():
        row, _ = find(office, member_or_card)
        erasures.erase(office.store, row["member"], office.now_ms())
    return str(row["member"])


def journal_pending(office: Office) -> int:
    """Write what was erased to our own journal and let tills hear of it; only the serving process may.

    Raises:
        LedgerReadOnly: it cannot be written now.
    """
    store = office.store
    if not erasures.pending(store):
        return 0
    with store.writing():
        office.own_journal.catch_up()
        rows = erasures.pending(store)
        for row in rows:
            office.own_journal.write_erasure(row["member"], row["erased_ms"])
            erasures.announce(store, row["member"])
    return len(rows)


def outstanding(office: Office) -> dict[str, Any]:
    """Return which tills have not heard of every erasure, and until when a new directory must be made."""
    store, now_ms = office.store, office.now_ms()
    newest = directories.newest(store)
    waiting_ms = erasures.oldest_after(store, newest["cursor"]) if newest is not None else None
    return {
        "tills": [
            {
                "store": row["store"],
                "till": row["till"],
                "unheard": row["unheard"],
                "in_directory": row["erasures"] - row["unheard"],
                "oldest_days": (now_ms - row["oldest_ms"]) // DAY_MS,
                "silent_s": (now_ms - row["last_contact_ms"]) // 1000 if row["last_contact_ms"] else None,
            }
            for row in erasures.unheard(store)
        ],
        "directory_due": None
        if waiting_ms is None
        else instant(waiting_ms + DIRECTORY_WITHIN_DAYS * DAY_MS)[:10],
    }
