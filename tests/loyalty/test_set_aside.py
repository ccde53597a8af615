"""What a programme lets be set aside for a till: paying wallets, and vouchers for one use in the chain."""

import pytest

from agent.errors import DocumentError
from agent.loyalty.language.programme import Programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.paying import offline_wallets, paying_wallets, strict_vouchers
from agent.loyalty.schemas import schema_of

TEXT = """
[programme]
id = "p"
version = 1
currency = "EUR"
time_zone = "UTC"
[wallet.points]
value = "0.01"
[wallet.gift]
kind = "stored_value"
offline = { mode = "earn_only" }
[wallet.saved]
value = "0.01"
[rule.points]
pay = { wallet = "points" }
[rule.gift]
pay = { wallet = "gift" }
[voucher.tea]
take_off = { amount = "1.00" }
[voucher.pastry]
strict = STRICT
take_off = { amount = "2.00" }
"""


def programme(strict: str = "true") -> Programme:
    return load_programme(TEXT.replace("STRICT", strict).encode(), name="p.toml")


def test_wallets_are_set_aside_that_somebody_pays_from_and_placed_if_they_pay_offline() -> None:
    assert paying_wallets(programme()) == ["gift", "points"]
    assert offline_wallets(programme()) == ["points"]


def test_a_voucher_is_strict_only_where_it_says_so() -> None:
    assert strict_vouchers(programme()) == ["pastry"]
    assert strict_vouchers(programme("false")) == []


def test_strict_is_yes_or_no_and_the_schema_says_so() -> None:
    with pytest.raises(DocumentError) as caught:
        programme('"yes"')
    assert [mistake.pointer for mistake in caught.value.mistakes] == ["p.toml:21 /voucher/pastry/strict"]
    schema = schema_of("programme")["$defs"]["VoucherWord"]["properties"]
    assert schema["strict"] == {"type": "boolean", "default": False}


def test_a_programme_that_does_not_say_strict_is_the_one_it_was() -> None:
    said, unsaid = (
        programme("false"),
        load_programme(TEXT.replace("strict = STRICT\n", "").encode(), name="p"),
    )
    assert said.hash == unsaid.hash
