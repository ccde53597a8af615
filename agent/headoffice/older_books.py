"""Books that came back from a backup: journals they never met lie in the segments, and are bound again.

The till that wrote one may have another journal by now and never say HELLO with it again; what it sold
counts all the same.
"""

from agent.headoffice.segments import Segments
from agent.headoffice.store import tills
from agent.headoffice.store.protocol import Store
from agent.journal.chain import genesis


def bind_received(store: Store, segments: Segments) -> int:
    """Bind each received journal that the books do not know, in the order they came; return how many."""
    known = {str(row["incarnation"]) for row in tills.journals(store)}
    missing = sorted(
        (next(segments.entries(name, 0)).accepted_ms, name)
        for name in segments.incarnations()
        if name not in known
    )
    count = 0
    if not missing:
        return count
    with store.writing():
        for _, name in missing:
            till = next(segments.sealed(name)).till
            if tills.till_row(store, till) is not None:  # else it must be enrolled anew first
                tills.bind_journal(store, till, name, genesis(name))
                count += 1
    return count
