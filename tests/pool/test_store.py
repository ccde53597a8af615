"""Real daemons: two tills borrow from the store's pool over mutual TLS while head office is cut off."""

import json
import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme

from scripts.replay.seeded import card_number
from tests.pool.processes import Store, until, until_each

pytestmark = pytest.mark.long
CARD = card_number(1)
OWNED = 900


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store"))
    try:
        store.start(f"member,card,wallet,balance\nm-1,{CARD},points,{OWNED}\n")
        yield store
    finally:
        store.close()


def test_points_are_spent_at_both_tills_with_head_office_away_and_both_ends_agree(store: Store) -> None:
    store.pool.sell(CARD, 1000)  # a visit: this is the member's home now
    store.settle()
    store.office("place")
    until(lambda: _stock(store) >= OWNED, "the store's slice at the pool")
    for till in store.tills:
        till.line.cut()
    until_each(store.tills, lambda status: not status["sync"]["online"], "to notice")
    assert store.members[0].sell(CARD, 5000, redeem=500) == 500
    until(lambda: store.pool.status()["pool"]["loans"] == 0, "the rest to come home")
    left = _stock(store)
    assert left >= OWNED - 500
    assert store.members[1].sell(CARD, 5000, redeem=300) == 300
    until(lambda: store.pool.status()["pool"]["loans"] == 0, "the rest to come home")
    assert _stock(store) == left - 300
    for till in store.tills:
        till.line.heal()
    store.settle()
    told = json.loads(store.office("verify", "--json"))
    assert (told["mistakes"], told["differences"], told["parked"]) == ([], 0, 0)
    (points,) = json.loads(store.office("report", "--json"))["points"]
    assert points["spent"] == 800


def test_without_a_certificate_of_the_store_nobody_is_heard(store: Store) -> None:
    stranger = store.folder / "stranger.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(stranger)
    ours = str(store.members[0].folder / "till.pem")
    assert _heard(store, ours).startswith(b"HTTP/1.1 400")
    assert _heard(store, "") == b""
    assert _heard(store, str(stranger)) == b""


def _heard(store: Store, certificate: str) -> bytes:
    """Return what the pool answers to a caller that shows this certificate."""
    context = ssl.create_default_context(cafile=str(store.folder / "store-ca.pem"))
    if certificate:
        context.load_cert_chain(certificate)
    try:
        with (
            socket.create_connection(("127.0.0.1", store.pool_port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as line,
        ):
            line.sendall(b"POST /v1/till/hello HTTP/1.1\r\nHost: pool\r\nContent-Length: 0\r\n\r\n")
            return line.recv(100)
    except (ssl.SSLError, ConnectionError):
        return b""


def _stock(store: Store) -> int:
    return int(store.pool.status()["held"].get("STOCK", {}).get("points", 0))
