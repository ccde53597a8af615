"""Who may borrow at a store's pool: the store's tills and their keys, told to the pool with its news."""

from agent.headoffice.office import Office
from agent.headoffice.store import tills
from agent.sync.announced import Peers
from agent.sync.signing import signed_peers
from agent.sync.wire import encode


def peers_news(office: Office, till: str, *, known: bytes) -> Peers | None:
    """Return the tills of this till's store, signed, if it asks as a pool and knows another list."""
    if not known:
        return None
    row = tills.till_row(office.store, till)
    assert row is not None, till
    keys = tills.keys_in_use(office.store, row["store"])
    listed = encode([(name, key) for name, key in keys if name != till])
    signature = office.publisher.sign(signed_peers(row["store"], listed))
    return None if signature == known else Peers(listed, signature)
