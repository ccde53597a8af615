"""GS1 Digital Link: keys written as a web address, read only of hosts the shop named, and never fetched.

Source: GS1 Digital Link Standard, URI Syntax; biip parses, the check digits are ours.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from drivers import gs1

_LINK = re.compile(rb"https?://", re.IGNORECASE)
_HOST = re.compile(rb"https://([a-z0-9.-]{1,253})(?=[/?#]|\Z)", re.IGNORECASE)


def is_link(data: bytes | bytearray, at: int = 0) -> bool:
    """Say whether a read is a web address of any kind."""
    return _LINK.match(data, at) is not None


def elements_of(
    data: bytes | bytearray, at: int = 0, *, hosts: AbstractSet[str]
) -> list[tuple[str, str]] | None:
    """Give identifiers and values of a link of a known host (exactly, https only), or None if it is none.

    There are none in a link that is damaged: malformed, or one check digit wrong.

    >>> elements_of(b"https://id.example/8018/400638100000000002", hosts={"id.example"})
    [('8018', '400638100000000002')]
    >>> elements_of(b"https://id.example.evil/8018/400638100000000002", hosts={"id.example"})
    """
    found = _HOST.match(data, at)
    if found is None or found.group(1).decode("ascii").lower() not in hosts:
        return None
    from biip import ParseError  # noqa: PLC0415 (as in gs1)
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI  # noqa: PLC0415

    try:
        link = GS1DigitalLinkURI.parse(data[at:].decode("ascii"))
    except (ParseError, ValueError):  # also what urllib, dates and decimals make of rubbish
        return []
    elements = [(one.ai.ai, one.value) for one in link.element_strings]
    if not all(gs1.is_check_right(ai, value.encode("utf-8")) for ai, value in elements):
        return []
    return elements
