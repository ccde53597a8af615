"""The forms a line of a scenario may have: a pattern, and an example to show who missed it."""

import re
from typing import NamedTuple

_NUMBER = r"[0-9]+(\.[0-9]+)?"
_WORD = r"[^\s#]+"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?"
_LIFE = rf"( from (?P<from>{_DATE}))?( until (?P<until>{_DATE}))?"
DAYS = ("day", "from", "until")
"""Words that name a day."""
NOBODY = "somebody"
"""Whose receipt it is when nobody showed a card."""


class Form(NamedTuple):
    """One form of a line."""

    kind: str
    pattern: re.Pattern[str]
    example: str


def _forms(*rows: tuple[str, str, str]) -> tuple[Form, ...]:
    return tuple(Form(kind, re.compile(pattern, re.ASCII), example) for kind, pattern, example in rows)


HEADS = _forms(
    ("programme", rf"programme (?P<name>{_WORD})", "programme my-starbucks-rewards"),
    ("scenario", r"scenario (?P<title>.+)", "scenario The fifth star makes green"),
    ("setting", rf"setting (?P<key>{_WORD}) (?P<value>{_WORD})", "setting spend_order oldest"),
    ("member", rf"member (?P<name>{_WORD})", "member Anna"),
    (
        "receipt",
        rf"(?P<date>{_DATE}) (?P<time>{_CLOCK}) (?P<who>{_WORD}) (?P<act>buys|returns|joins|does {_WORD})",
        "2026-03-10 12:00 Anna buys",
    ),
)
OF_MEMBER = _forms(
    ("lot", rf"(?P<amount>{_NUMBER}) (?P<wallet>[A-Za-z][^\s#]*){_LIFE}", "300 points until 2027-01-31"),
    ("segments", rf"segment (?P<names>{_WORD}( {_WORD})*)", "segment loyal"),
    ("choices", rf"choice (?P<names>{_WORD}( {_WORD})*)", "choice miles"),
    ("tier", rf"tier (?P<name>{_WORD})", "tier gold"),
    ("born", rf"born (?P<day>{_DATE})", "born 2010-05-02"),
    ("event", rf"event (?P<name>{_WORD}){_LIFE}", "event birthday from 2026-03-01 until 2026-03-08"),
    ("voucher", rf"voucher (?P<name>{_WORD}){_LIFE}", "voucher drink until 2026-04-09"),
    ("count", rf"count (?P<rule>{_WORD}) (?P<number>[0-9]+)", "count every-15 14"),
    ("left", rf"left (?P<rule>{_WORD}) (?P<number>[0-9]+)", "left likes 1"),
    ("measure", rf"measure (?P<key>{_WORD}) (?P<number>[0-9]+)", "measure top:2026 348000"),
    ("history", rf"history (?P<rule>{_WORD}) (?P<values>{_WORD}( {_WORD})*)", "history paint 2026-02-11"),
)
_ONE_MORE = rf"(group|tag|brand|sku) {_WORD}|(floor|offer) {_NUMBER}|with [A-Za-z0-9_-]+={_NUMBER}"
_MORE = rf"(?P<more>( ({_ONE_MORE}))*)"
_GOODS = rf"((?P<count>{_NUMBER}) x )?(?P<price>{_NUMBER}){_MORE}"
OF_SALE = _forms(
    ("goods", rf"- (?P<name>{_WORD}) {_GOODS}", "- latte 2 x 4.50 group coffee tag drink"),
    ("shop", rf"shop (?P<name>{_WORD})", "shop s-1"),
    ("channel", rf"channel (?P<name>{_WORD})", "channel app"),
    ("code", rf"code (?P<name>{_WORD})", "code SPRING"),
    ("shows", rf"shows (?P<name>{_WORD})", "shows app"),
    ("found", rf"found by (?P<name>{_WORD})", "found by phone"),
    (
        "tender",
        rf"tender (?P<kind>{_WORD})( product (?P<product>{_WORD}))? (?P<amount>{_NUMBER})",
        "tender card product partner-bank 20.00",
    ),
    ("asks", rf"asks (?P<amount>{_NUMBER}|max) (?P<wallet>{_WORD})", "asks 500 points"),
    ("offline", rf"offline (?P<amount>{_NUMBER}) (?P<wallet>{_WORD})", "offline 200 points"),
    ("away", r"head office away( for (?P<days>[0-9]+) days?)?", "head office away for 2 days"),
    ("draw", r"draw (?P<number>[0-9]+)", "draw 12345"),
)
OF_RETURN = _forms(
    ("goods", rf"- (?P<name>{_WORD})( (?P<count>{_NUMBER}))?", "- latte 1"),
    ("of", r"of receipt (?P<number>[0-9]+)", "of receipt 1"),
)
OF_JOINING = _forms(("bought", rf"having bought for (?P<amount>{_NUMBER})", "having bought for 3000.00"))
