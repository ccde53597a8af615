"""A serial scanner: a real tty pair, one end held by the daemon's driver, the other typed on by us."""

import os
import tty


class Scanner:
    """Sends codes as a scanner does, each ended by a carriage return."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)

    def scan(self, number: str) -> None:
        """Read one code."""
        os.write(self._master, f"{number}\r".encode())

    def unplug(self) -> None:
        """Pull the plug."""
        os.close(self._slave)
        os.close(self._master)
