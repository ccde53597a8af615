"""A contactless reader at a pcscd of our own, and tags to hold to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.event import Driver
from drivers.registry import DeviceSettings, open_reader
from tests.devicelab.pcscd import READERS, Pcscd, VirtualCard, type_2_answer
from tests.drivers.loyalty_numbers import RANGES
from tests.parts import need_library

if TYPE_CHECKING:
    from drivers.card_reader import CardReader


class CardRig:
    """A contactless reader of a pcscd of our own; a card is held to it for as long as it is talked to."""

    many = 2

    def __init__(self, pcscd: Pcscd, slot: int) -> None:
        self.pcscd, self._slot = pcscd, slot
        self._is_up = False
        self._cards: list[VirtualCard] = []

    def driver(self, name: str = "desk", *, idle_ms: int = 5000) -> Driver | CardReader:  # noqa: ARG002 - as others
        return open_reader(DeviceSettings(name, "card_reader", ranges=RANGES, reader=READERS[self._slot]))

    def plug(self) -> None:
        self._is_up = True
        if self.pcscd.users == 0:
            self.pcscd.start()
        self.pcscd.users += 1

    def scan(self, *numbers: str) -> None:
        for number in numbers:
            card = self.hold(number)
            card.wait_until_read()
            card.remove()

    def scan_after_removal(self, number: str) -> None:
        """Take the card that lies there away, and show another one."""
        self._cards[-1].remove()
        self.scan(number)

    def hold(self, number: str) -> VirtualCard:
        """Hold a tag with a number to the reader, and leave it there."""
        card = self.pcscd.insert(bytes.fromhex("04A1B2C3D4E5F6"), slot=self._slot, answer=tag_with(number))
        self._cards.append(card)
        return card

    def swipe_payment_card(self, pan: str) -> int:
        self.scan(pan)
        return 1

    def interrupt(self, number: str) -> None:
        card = self.hold(number)
        card.delay_s = 1.0
        assert card.was_asked.wait(5)
        card.remove()

    def unplug(self) -> None:
        """Kill pcscd: the virtual reader itself cannot be pulled (the guest's can)."""
        if self._is_up:
            self._is_up = False
            self.pcscd.users -= 1
            for card in self._cards:
                card.remove()
            self.pcscd.stop()


def tag_with(number: str) -> Callable[[bytes], bytes | None]:
    """Answer as a type 2 tag whose NDEF message is this text."""
    record = b"\xd1\x01" + bytes([3 + len(number)]) + b"T\x02en" + number.encode()
    memory = bytes(12) + b"\xe1\x10\x12\x00" + b"\x03" + bytes([len(record)]) + record + b"\xfe"
    return type_2_answer(memory.ljust(160, b"\0"))


class CardBench:
    """One pcscd with two slots; the environment says where clients find it."""

    def __init__(self, folder: Path) -> None:
        need_library("smartcard", "pyscard")
        self.pcscd = Pcscd(folder)
        self._rigs: list[CardRig] = []
        os.environ["PCSCLITE_CSOCK_NAME"] = str(self.pcscd.socket)

    def rig(self, name: str) -> CardRig:  # noqa: ARG002 - slots have numbers
        rig = CardRig(self.pcscd, len(self._rigs))
        self._rigs.append(rig)
        return rig

    def close(self) -> None:
        for rig in self._rigs:
            rig.unplug()
        os.environ.pop("PCSCLITE_CSOCK_NAME", None)
