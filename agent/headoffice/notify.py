"""Tell the service manager how we are: one datagram a message (sd_notify(3)), nothing elsewhere.

Head office may not look into the till's daemon, so these lines exist twice rather than in a room of their
own below both.
"""

import os
import socket


def notify(message: str, address: str | None = None) -> None:
    """Send `message` ("READY=1") to the manager named in NOTIFY_SOCKET, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
    if not address:
        return
    address = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
        try:
            door.sendto(message.encode(), address)
        except OSError:
            return  # a manager that went away takes nobody with it
