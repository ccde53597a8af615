"""What cannot be meant about wallets, gifts, tiers, partners and members is told at once."""

import pytest

from agent.errors import DocumentError
from agent.loyalty.read import load_programme
from tests.loyalty.desk import HEAD
from tests.loyalty.test_reading import mistakes

GIFT = '[wallet.gift]\nkind = "stored_value"\n'
TIERS = '[tier]\ngold = { measure = "receipts", at_least = 3 }\n'
TEA = '{ scope = { groups = ["tea"] } }'
ASKED = '[rule.a]\nwhen = { %s }\ntake_off = { percent = "1" }\n'


def test_a_broken_tier_or_head_hides_no_other_mistake() -> None:
    broken = '[tier]\ngold = { measure = "spent" }\n'
    broken += '[rule.a]\nwhen = { tier = "gold" }\nearn = { wallet = "q", points = "1" }\n'
    assert [code for _, code in mistakes(broken)] == ["invalid", "unknown_wallet"]
    others = 'x = 1\n[enrol]\nage_at_least = "x"\n[settings]\ndebt = 1\n[rule.a]\npay = 3\n'
    assert len(mistakes(others)) == 4
    with pytest.raises(DocumentError) as caught:
        load_programme(b"x = 1\n" + HEAD.encode(), name="x.toml")
    assert [one.code for one in caught.value.mistakes] == ["unknown_field"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[rule.a]\npay = { into = "cash" }\n', "no_value"),
        (
            '[wallet.q]\nvalue = "1"\n[rule.a]\npay = { wallet = "q", catalogue = { x = 1 }, max = "1" }\n',
            "two_prices",
        ),
        (
            '[wallet.q]\nvalue = "1"\n[rule.a]\npay = { wallet = "q", all_or_nothing = true }\n',
            "no_catalogue",
        ),
        ("[rule.a]\npay = { catalogue = { x = 1 } }\nmax_per_receipt = 1\n", "not_supported"),
        ('[rule.a]\ngive = { benefit = "x", lottery = "y" }\n', "one_gift"),
        ('[rule.a]\ngive = { lot = { points = "0.5" } }\n', "too_fine"),
        ('[rule.a]\ngive = { voucher = "v" }\n', "unknown_voucher"),
        ('[rule.a]\ngive = { stored_value = "5", wallet = "p" }\n', "unknown_stored_value_wallet"),
        (GIFT + '[rule.a]\ngive = { stored_value = "5.001", wallet = "gift" }\n', "too_fine"),
        ('[rule.a]\ngive = { benefit = "x", cost = 5 }\n', "no_stored_value"),
        (
            GIFT + '[rule.a]\ngive = { stored_value = "5", wallet = "gift", cost = 5, cost_wallet = "q" }\n',
            "unknown_wallet",
        ),
        (
            GIFT + '[rule.a]\ncount = { of = "visits", size = 2 }\n'
            'give = { stored_value = "5", wallet = "gift", cost = 5 }\n',
            "two_prices",
        ),
        ('[rule.a]\ncount = { of = "earned:q", size = 2 }\ngive = { benefit = "x" }\n', "unknown_wallet"),
        (GIFT + 'value = "1"\n', "value_of_money"),
        ('[wallet.q]\nforms = { ru = ["a", "b"] }\n', "plural_forms"),
        ('[wallet.q]\nforms = { en = ["a"] }\n', "plural_forms"),
        ('[tier]\nt = { measure = "spend" }\n', "one_threshold"),
        ('[tier]\nt = { measure = "spend", over = 1, at_least = 1 }\n', "one_threshold"),
        ('[tier]\nt = { measure = "earned:q", over = 1 }\n', "unknown_wallet"),
        ('[tier]\nt = { measure = "spend", over = 1, scope = "x" }\n', "unknown_scope"),
        ('[tier]\nt = { measure = "spend", over = 1, downgrade = "one_step" }\n', "no_period"),
        ('[settings]\ndowngrade = "one_step"\n[tier]\nt = { measure = "spend", over = 1 }\n', "no_period"),
        ('[settings]\nreturned_expired_lot = "extend:PT5H"\n', "not_supported"),
        ('[partner]\na = { stores = ["s"] }\nb = { stores = ["s"] }\n', "two_partners"),
        (TIERS + ASKED % 'tier = "glod"', "unknown_tier"),
        (ASKED % 'tier_at_least = "gold"', "unknown_tier"),
        (ASKED % 'pays = "q"', "unknown_wallet"),
        (ASKED % 'bought = { scope = "x" }', "unknown_scope"),
        (ASKED % 'not_bought = { scope = "x" }', "unknown_scope"),
        (ASKED % 'sequence = ["x", { groups = ["a"] }]', "unknown_scope"),
        (ASKED % f"bought = {TEA}, not = {{ bought = {TEA} }}", "asked_twice"),
        (ASKED % f"bought = {TEA}, not = {{ not_bought = {TEA} }}", "asked_twice"),
        (ASKED % "not = { nth = 3 }", "asked_twice"),
        (
            '[rule.a]\nwhen = { nth = 3 }\ncount = { of = "visits", size = 2 }\ngive = { benefit = "x" }\n',
            "asked_twice",
        ),
        ('[prompt.a]\nsay = { en = "a" }\nwhen = { nth = 3 }\n', "not_supported"),
        ('[prompt.a]\nsay = { en = "a" }\nscope = "x"\n', "unknown_scope"),
    ],
)
def test_what_cannot_be_meant_about_points_is_a_mistake(text: str, code: str) -> None:
    assert code in {found for _, found in mistakes(text)}
