"""Tell systemd how we are: one datagram a message (sd_notify(3)); elsewhere nothing happens.

Never `import systemd`: from a checkout that name is our own folder of unit files.
"""

import os
import socket


class Notifier:
    """Speaks to the service manager named in NOTIFY_SOCKET, if there is one."""

    def __init__(self, address: str | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address

    def ready(self, status: str) -> None:
        """Say that calls are answered from now on."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Say in one line how things stand."""
        self._send(f"STATUS={status}")

    def reloading(self, monotonic_us: int) -> None:
        """Say that the configuration is being read again."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_us}")

    def stopping(self) -> None:
        """Say that this stop is meant."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog; only the event loop may, after it has read the ledger."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
            # A manager that went away must not take the till with it.
            try:
                door.sendto(message.encode(), address)
            except OSError:
                return


def watchdog_interval_s() -> float | None:
    """Return half of what the service manager allows between two signs of life, if it watches."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2_000_000 if microseconds.isdigit() and int(microseconds) else None
