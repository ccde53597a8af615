"""A small programme and a basket for the tests of this room."""

from datetime import UTC, datetime
from typing import Any

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from agent.loyalty.read import load_programme

AT = datetime(2026, 11, 24, 15, tzinfo=UTC)
"""A Tuesday, 17:00 in Helsinki."""
HEAD = """[programme]
id = "x"
version = 1
currency = "EUR"
time_zone = "Europe/Helsinki"
[wallet.p]
"""
MEMBER = MemberFacts("m")


def compiled(rules: str) -> Compiled:
    """Compile HEAD and `rules`."""
    return compile_programme(load_programme((HEAD + rules).encode(), name="x.toml"))


def quote(
    rules: str,
    *lines: Line,
    member: MemberFacts | None = MEMBER,
    at: datetime = AT,
    currency: str = "EUR",
    draw: int = 0,
    **basket: Any,
) -> Quote:
    """Return what `rules` (TOML after HEAD) give for the lines; more words go into the basket."""
    sale = Basket("r", AT, "s", "t", currency, list(lines), **basket)
    return evaluate(compiled(rules), member, sale, at, draw=draw)


def codes(answer: Quote) -> list[str]:
    """Return the reasons' codes in the order of the rules' ids."""
    return [one.code for one in answer.reasons]
