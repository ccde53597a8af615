"""A realistic case for measuring evaluation: a basket of goods, a mix of rules, a member with points."""

from datetime import UTC, datetime

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import Lot, MemberFacts, Voucher, WalletFacts

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEAD = """[programme]
id = "bench"
version = 1
currency = "USD"
time_zone = "Europe/Helsinki"
[wallet.points]
value = "0.01"
[group.deals]
mode = "best"
[voucher.ten]
take_off = { percent = "10" }
"""
MIX = (
    'scope = {{ groups = ["g{n}"] }}\ntake_off = {{ percent = "7", max = "3.00" }}',
    'scope = {{ tags = ["t{n}"] }}\nwhen = {{ segment = ["s1", "s{n}"] }}\ntake_off = {{ percent = "5" }}',
    'scope = {{ skus = ["sku{n}"] }}\ntake_off = {{ per_unit = "0.10" }}',
    'scope = {{ groups = ["g{n}"] }}\nearn = {{ points = "1" }}',
    'scope = {{ brands = ["b{n}"] }}\nmultiply = {{ by = "2" }}',
    'stage = "receipt"\ngroup = "deals"\nwhen.amount.at_least = "{n}.00"\ntake_off = {{ amount = "1.00" }}',
    'when = {{ code = "C{n}" }}\ntake_off = {{ percent = "20" }}',
    'when = {{ from = 2026-12-01, days = ["mon"] }}\ntake_off = {{ percent = "3" }}',
    'scope = {{ groups = ["g{n}"] }}\ncount = {{ of = "visits", size = 10 }}\ngive = {{ voucher = "ten" }}',
    'earn = {{ points = "1", every = "{n}.00", whole_steps = true, max = "50" }}',
)


def case(lines: int = 20, rules: int = 50) -> tuple[Compiled, MemberFacts, Basket, datetime]:
    """Return what `evaluate` needs: a mix of all verbs, one of the rules paying with points."""
    text = HEAD + '[rule.pay]\npay = { max_share = "0.50" }\n'
    for number in range(1, rules):
        text += f"[rule.r{number:03d}]\n{MIX[number % len(MIX)].format(n=number % 17 + 1)}\n"
    compiled = compile_programme(load_programme(text.encode(), name="bench.toml"))
    goods = [
        Line(
            at + 1,
            f"sku{at % 17}",
            199 + 37 * at,
            group=f"g{at % 17}",
            tags=[f"t{at % 13}", "all"],
            brand=f"b{at % 11}",
            quantity=str(1 + at % 3),
        )
        for at in range(lines)
    ]
    member = MemberFacts(
        "m",
        segments=["s1", "s2"],
        wallets={"points": WalletFacts([Lot("a", 300), Lot("b", 200)])},
        vouchers=[Voucher("ten", "v1")],
    )
    return compiled, member, Basket("r", AT, "s", "t", "USD", goods, redeem={"points": "max"}), AT
