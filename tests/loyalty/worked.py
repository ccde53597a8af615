"""The worked examples' programmes as the reference writes them, and how their sales are rung up."""

from datetime import datetime
from zoneinfo import ZoneInfo

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Quote
from agent.loyalty.read import load_programme

NOON = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Europe/Moscow"))


def programme(text: str, *, id_: str, currency: str, zone: str = "Europe/Moscow", head: str = "") -> Compiled:
    """Compile a programme of the reference, with the head that every file has."""
    words = f'[programme]\nid = "{id_}"\nversion = 1\ncurrency = "{currency}"\ntime_zone = "{zone}"\n'
    return compile_programme(load_programme((words + head + text).encode(), name=f"{id_}.toml"))


def basket(currency: str, *lines: Line, event: str = "", store: str = "s", **redeem: int | str) -> Basket:
    """Return a sale, or an act without lines."""
    return Basket("r-1", NOON, store, "t", currency, list(lines), event=event, redeem=redeem)


def holder(wallet: str, points: int, *segments: str) -> MemberFacts:
    """Return a member with one lot of points."""
    return MemberFacts("m", segments=list(segments), wallets={wallet: WalletFacts([Lot("l", points)])})


def earned(quote: Quote) -> list[int]:
    """Return the points of each line."""
    return [sum(one.points for one in line.earned) for line in quote.lines]


def reason(quote: Quote, rule: str) -> tuple[str, dict[str, object]]:
    """Return why a rule did or did not apply."""
    found = next(one for one in quote.reasons if one.rule == rule)
    return found.code, found.values
