"""Where the pool listens: one address of the shop's network, and mutual TLS before anything is read."""

import ipaddress
import socket
import ssl
from pathlib import Path

from agent.config.till import Pool
from agent.errors import ConfigurationError

BACKLOG = 64


def mistakes_of(pool: Pool) -> list[str]:
    """Name what a pool's or member's configuration lacks; nothing for a till that is neither."""
    if pool.role == "none":
        return []
    missing = [
        f"pool.{name} is empty" for name in ("ca_file", "certificate", "key") if not getattr(pool, name)
    ]
    if pool.role == "member" and not pool.url.startswith("https://"):
        missing.append("pool.url must be the https address of the store's pool")
    if pool.role == "pool":
        missing += _mistakes_of_address(pool.listen)
    return missing


def open_door(pool: Pool) -> socket.socket:
    """Listen on the configured address, through the configured interface only.

    Raises:
        ConfigurationError: it is not this machine's, or taken.
    """
    family = socket.AF_INET6 if ":" in pool.listen else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, socket.IPPROTO_TCP)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if pool.interface:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, pool.interface.encode() + b"\0")
        door.bind((pool.listen, pool.port))
        door.listen(BACKLOG)
    except OSError as failure:
        door.close()
        raise ConfigurationError(
            f"the pool cannot listen on {pool.listen}:{pool.port}: {failure.strerror or failure}",
            remedy="check pool.listen, pool.port and pool.interface",
        ) from None
    return door


def check_certificates(pool: Pool) -> str:
    """Return why the certificates cannot be used, or nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name in ("ca_file", "certificate", "key"):
        if not Path(getattr(pool, name)).is_file():
            return f"pool.{name}: {getattr(pool, name)} is not there"
    try:
        context.load_cert_chain(pool.certificate, pool.key)
        context.load_verify_locations(pool.ca_file)
    except (OSError, ssl.SSLError) as failure:
        return f"the pool's certificates cannot be used: {failure}"
    return ""


def _mistakes_of_address(listen: str) -> list[str]:
    try:
        address = ipaddress.ip_address(listen)
    except ValueError:
        return ["pool.listen must be an address of this till on the shop's network"]
    if address.is_unspecified or address.is_multicast:
        return ["pool.listen must be one address: a pool never listens on all of them"]
    return []
