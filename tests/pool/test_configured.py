"""How a till is given its part in a pool: what is refused, where it listens, and that it always sells."""

import asyncio
import socket
from pathlib import Path

import pytest
import trustme

from agent.config.till import Pool
from agent.daemon.pool import PoolDoor, why_no_pool
from agent.errors import ConfigurationError
from agent.pool.serve import check_certificates, mistakes_of, open_door
from tests.pool.processes import free_port
from tests.pool.shop import Shop
from tests.sync.till import until


def configured(folder: Path, **more: object) -> Pool:
    """Return a pool's configuration with certificates of a throw-away authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "till.pem")
    files = {"ca_file": folder / "ca.pem", "certificate": folder / "till.pem", "key": folder / "till.pem"}
    given = {"role": "pool", "listen": "127.0.0.1", "port": free_port(), **files, **more}
    return Pool(**{name: str(value) if isinstance(value, Path) else value for name, value in given.items()})  # type: ignore[arg-type]


def test_a_till_without_a_pool_needs_nothing() -> None:
    assert why_no_pool(Pool()) == ""


def test_everything_that_is_missing_is_named_at_once() -> None:
    assert mistakes_of(Pool(role="member")) == [
        "pool.ca_file is empty",
        "pool.certificate is empty",
        "pool.key is empty",
        "pool.url must be the https address of the store's pool",
    ]


@pytest.mark.parametrize("listen", ["", "0" + ".0" * 3, "::", "eth0", "224.0.0.1"])
def test_a_pool_listens_on_one_address_and_never_on_all(tmp_path: Path, listen: str) -> None:
    assert "pool.listen must be" in why_no_pool(configured(tmp_path, listen=listen))


def test_certificates_that_cannot_serve_are_named(tmp_path: Path) -> None:
    pool = configured(tmp_path)
    assert check_certificates(pool) == ""
    (tmp_path / "till.pem").write_text("no certificate")
    assert "cannot be used" in check_certificates(pool)
    (tmp_path / "ca.pem").unlink()
    assert "is not there" in check_certificates(pool)


def test_the_door_is_bound_to_its_address_and_its_interface(tmp_path: Path) -> None:
    pool = configured(tmp_path, interface="lo")
    with open_door(pool) as door:
        assert door.getsockname() == ("127.0.0.1", pool.port)
        assert door.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo"


def test_an_address_that_is_not_this_machines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen"):
        open_door(configured(tmp_path, listen="192.0.2.1"))


def test_a_pool_whose_address_is_taken_says_so_and_opens_once_it_is_free(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    pool = configured(tmp_path)

    async def open_late() -> None:
        taken = open_door(pool)
        door = PoolDoor(pool, shop.pool.ledger, None, today=lambda: shop.clock.now().date(), again_s=0.01)
        task = asyncio.create_task(door.run())
        await until(lambda: bool(door.problem))
        assert "cannot listen" in door.problem
        taken.close()
        await until(lambda: door.server is not None and door.server.started)
        assert door.problem == ""
        door.stop()
        await task

    asyncio.run(open_late())
    shop.close()
