"""Readers behind a real kernel: the tests of `guest/` and the conformance suite, in one boot of a guest."""

from __future__ import annotations

import pytest

from tests.drivers.guest_run import BOOT, Case
from tests.parts import part_or_skip

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return part_or_skip("qemu_guest", BOOT.cases)


@pytest.mark.parametrize(
    ("file", "about", "at_least"),
    [
        ("test_conformance", "[keyboard_scanner]", 13),
        ("test_conformance", "[stripe_reader]", 13),
        ("in_guest_keys", "", 8),
        ("in_guest_usb", "", 4),
    ],
)
def test_readers_behind_a_real_kernel_keep_their_promises(
    cases: list[Case], file: str, about: str, at_least: int
) -> None:
    meant = [case for case in cases if case.file == file and about in case.name]
    assert len(meant) >= at_least
    troubles = [f"{case.name}\n{case.trouble}" for case in meant if case.trouble]
    assert not troubles, "\n\n".join(troubles)
