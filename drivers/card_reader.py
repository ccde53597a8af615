"""One configured PC/SC reader: what it says, and one conversation with a card in it.

What is asked of a card and what its answers mean is pure (`card_session.py`); here the words go over the
wire.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Sequence

from smartcard import scard

from drivers.card_session import run as run_session
from drivers.codes import Codes
from drivers.event import CardRead, DeviceState, DeviceStatus, Event
from drivers.number import Decoded, Refused, report
from drivers.ranges import NumberRange

TRANSPORT = "pcsc"
SETTLING_NS = 2_000_000_000
_NO_SERVICE = {scard.SCARD_E_NO_SERVICE, scard.SCARD_F_COMM_ERROR, scard.SCARD_E_SERVICE_STOPPED}
_CARD_LEFT = {scard.SCARD_W_REMOVED_CARD, scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_RESET_CARD}

Transmit = Callable[[bytes], bytes | None]
Session = Callable[[bytes, Transmit], Decoded | Refused | None]


class PcscError(Exception):
    """pcscd cannot be asked; the message says why and what to do."""


class Connection:
    """A way to the card that lies in one reader; opened for one conversation, shared with other programs."""

    def __init__(self, context: int, name: str, stopping: threading.Event) -> None:
        self._context = context
        self._name = name
        self._stopping = stopping
        self._card = 0
        self._pci: object = None

    def open(self) -> int:
        """Connect; return pcscd's answer."""
        code, self._card, protocol = scard.SCardConnect(
            self._context, self._name, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY
        )
        is_t1 = protocol == scard.SCARD_PROTOCOL_T1
        self._pci = scard.SCARD_PCI_T1 if is_t1 else scard.SCARD_PCI_T0
        return int(code)

    def transmit(self, command: bytes) -> bytes | None:
        """Send one command; None when the card has gone, which some drivers tell by an empty success."""
        if self._stopping.is_set():
            return None
        code, response = scard.SCardTransmit(self._card, self._pci, list(command))
        return bytes(response) or None if code == scard.SCARD_S_SUCCESS else None

    def close(self) -> None:
        """Leave the card as it lies, powered for whoever comes next."""
        scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)


class CardReader:
    """One card reader of the configuration; every method runs in the card thread.

    `pattern` matches pcscd's name of it, which holds a serial number or a port and changes with the socket.
    """

    def __init__(self, device: str, pattern: str, *, session: Session) -> None:
        self._device = device
        self._pattern = pattern
        self._session = session
        self._status: DeviceStatus | None = None
        self._name = ""
        self._lying: str | None = None  # what was read of the card that lies there
        self._lay: str | None = None  # and of the one that lay there when pcscd went
        self._settled_at_ns = 0

    @property
    def device(self) -> str:
        """The reader's name in the configuration."""
        return self._device

    def fits(self, name: str) -> bool:
        """Say whether a reader of pcscd's is meant by the configuration."""
        return fnmatch.fnmatchcase(name, self._pattern)

    def found(self, name: str, now_ns: int) -> list[Event]:
        """Tell that pcscd has the reader; a card that lay there all along is seen only a moment later."""
        self._name, self._settled_at_ns = name, now_ns + SETTLING_NS
        return self._changed("enabled", name)

    def away(self, why: str) -> list[Event]:
        """Tell that the reader is not there (any more)."""
        self._lay, self._lying = self._lying or self._lay, None
        was_there = self._status is not None and self._status.state in {"enabled", "opened", "gone"}
        return self._changed("gone" if was_there else "closed", why)

    def closed(self) -> list[Event]:
        """Tell that the agent has stopped using it."""
        self._lying = self._lay = None
        return self._changed("closed", "the agent has stopped using it")

    def held(self) -> list[Event]:
        """Tell that another program has the card for itself."""
        return self._changed(
            "opened", f"{self._name}: another program has claimed the card; stop that program"
        )

    def emptied(self) -> list[Event]:
        """Note that no card lies there now; one that another program held is gone with it."""
        self._lying = None
        return self._changed("enabled", self._name)

    def read(self, connection: Connection, atr: bytes, now_ns: int) -> tuple[list[Event], bool]:
        """Hold one conversation; return what to tell, and whether this insertion is done with.

        A card that pcscd shows again after a restart, still lying there, is told once only.
        """
        code = connection.open()
        if code == scard.SCARD_E_SHARING_VIOLATION:
            return self.held(), False
        if code in _NO_SERVICE or code == scard.SCARD_E_UNKNOWN_READER:
            return [], False
        if code == scard.SCARD_W_SECURITY_VIOLATION:
            return self._changed("closed", why_not(code)), False
        events = self._changed("enabled", self._name)
        if code != scard.SCARD_S_SUCCESS:
            outcome: Decoded | Refused | None = Refused("incomplete" if code in _CARD_LEFT else "unreadable")
        else:
            try:
                outcome = self._session(atr, connection.transmit)
            finally:
                connection.close()
        if outcome is None:
            return events, True
        told = report(outcome, device=self._device, transport=TRANSPORT, read_at_ns=now_ns)
        is_news = True
        if isinstance(told, CardRead):
            is_news = told.value != self._lay or now_ns >= self._settled_at_ns
            self._lying, self._lay = told.value, None
        return events + [told] * is_news, True

    def _changed(self, state: DeviceState, detail: str) -> list[Event]:
        """Report a state once, and not again at every turn."""
        status = DeviceStatus(self._device, state, detail)
        if self._status is not None and (
            status == self._status or (state, self._status.state) == ("gone", "gone")
        ):
            return []
        self._status = status
        return [status]


def session_of(ranges: Sequence[NumberRange], codes: Codes) -> Session:
    """Make the conversation of a shop with these numbers."""
    return lambda atr, transmit: run_session(atr, transmit, ranges=ranges, codes=codes)


def why_not(code: int) -> str:
    """Say what pcscd's answer means and what to do."""
    if code in _NO_SERVICE:
        return "pcscd does not answer; install and start it (systemctl enable --now pcscd.socket)"
    if code == scard.SCARD_W_SECURITY_VIOLATION:
        return "polkit refuses; the rule 70-loyalty-agent.rules of /usr/share/polkit-1/rules.d is missing"
    return f"pcscd refuses: {scard.SCardGetErrorMessage(code)}"


def reader_names() -> list[str]:
    """List the readers that pcscd has now.

    Raises:
        PcscError: it does not answer, or refuses.
    """
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS:
        raise PcscError(why_not(code))
    code, names = scard.SCardListReaders(context, [])
    scard.SCardReleaseContext(context)
    if code not in {scard.SCARD_S_SUCCESS, scard.SCARD_E_NO_READERS_AVAILABLE}:
        raise PcscError(why_not(code))
    return list(names)
