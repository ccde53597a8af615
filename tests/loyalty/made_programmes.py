"""Programmes made up from every word of the language, as Hypothesis draws them; toml() writes them down."""

import json
from datetime import date
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from agent.errors import DocumentError
from agent.loyalty.programme import Programme
from agent.loyalty.read import load_programme
from agent.loyalty.words import SETTINGS

Plain = dict[str, Any]
GROUPS, TAGS, BRANDS, SKUS = (
    ("fuel", "food", "night"),
    ("chosen", "drink", "stored-value"),
    ("b1", "b2"),
    ("1", "2", "3"),
)
SEGMENTS, CHOICES, CODES, EVENTS = (
    ("loyal", "churned"),
    ("miles", "points"),
    ("CODE", "SUMMER"),
    ("birthday", "weighed"),
)
CHANNELS, TENDERS, STORES = ("app", "web"), ("cash", "card"), ("s1", "s2", "s3")
WALLETS, TIERS, VOUCHERS = ("p", "q"), ("green", "gold"), ("v1", "v2")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIODS = ("P1D", "P30D", "P2W", "P1M", "P1Y")

percents = st.sampled_from(["0", "0.5", "5", "10", "33.33", "50", "100"])
money = st.sampled_from(["0.01", "0.5", "1", "2.50", "5", "19.99", "100"])
rates = st.sampled_from(["0.05", "0.1", "0.333", "1", "2", "10"])
prices = st.sampled_from(["0", "0.50", "5", "20"])
few = st.integers(1, 4)


def some(values: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Give one of the values, or a list of them."""
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def lists(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def words(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Plain]:
    """Give a table with one of these words, seldom two or three: more would hardly ever hold together."""
    names = sorted(optional)
    one = st.sampled_from(names).map(lambda key: [key])
    keys = one | one | st.lists(st.sampled_from(names), max_size=3, unique=True)
    return keys.flatmap(lambda chosen: st.fixed_dictionaries({key: optional[key] for key in chosen}))


scopes = words(
    skus=lists(SKUS), groups=lists(GROUPS), tags=lists(TAGS), brands=lists(BRANDS),
    not_skus=lists(SKUS), not_groups=lists(GROUPS), not_tags=lists(TAGS), not_brands=lists(BRANDS),
    price_from=prices, price_to=prices, not_discounted=st.booleans(),
)  # fmt: skip
scope_words: st.SearchStrategy[Any] = st.sampled_from(["one", "other"]) | scopes
boughts = st.fixed_dictionaries({"scope": scope_words}, optional={"within": st.sampled_from(PERIODS)})
thresholds = st.fixed_dictionaries(
    {"at_least": money}, optional={"of": scope_words, "at": st.sampled_from(["price", "line", "receipt"])}
)
days_of_year = st.sampled_from([date(2026, 1, 1), date(2026, 11, 24), date(2026, 11, 25), date(2027, 3, 1)])
plain_whens = words(
    identified=st.booleans(), card_shown=st.booleans(), instrument=some(("plastic", "app")),
    segment=some(SEGMENTS), tier=some(TIERS), tier_at_least=st.sampled_from(TIERS), choice=some(CHOICES),
    age_at_least=st.just(18), partner=some(("mate",)), shop_tag=some(("pilot",)), code=some(CODES),
    voucher=some(VOUCHERS), event=some(EVENTS), channel=some(CHANNELS), tender=some(TENDERS),
    pays=some(WALLETS), until=days_of_year, days=lists(DAYS),
    hours=some(("09:00-18:00", "22:00-06:00", "00:00-24:00")), has=scope_words | st.just(["one", "other"]),
    bought=boughts, not_bought=boughts, sequence=st.lists(scope_words, min_size=1, max_size=3),
    amount=thresholds, quantity=thresholds, nth=few, draw=st.fixed_dictionaries({"one_in": few}),
    **{"from": days_of_year},
)  # fmt: skip
whens = plain_whens | st.tuples(plain_whens, plain_whens).map(lambda two: {**two[0], "not": two[1]})
percent_offs = st.fixed_dictionaries(
    {"percent": percents},
    optional={"max": money, "floor": prices, "units": few, "pick": st.sampled_from(["dearest", "cheapest"])},
)
take_offs = st.one_of(
    percent_offs,
    st.fixed_dictionaries({"amount": money}, optional={"floor": prices, "max": money}),
    st.fixed_dictionaries({"per_unit": money}, optional={"floor": prices, "max": money}),
    st.fixed_dictionaries({"set_price": money, "units": few}),
    st.fixed_dictionaries({"set_price": money, "each": st.just(["one", "other"])}),
    st.fixed_dictionaries({"cheapest_free": st.just(1), "units": st.integers(2, 4)}),
)
wallet_word = st.sampled_from(WALLETS)
earns = st.fixed_dictionaries(
    {"points": rates, "wallet": wallet_word},
    optional={
        "per": st.sampled_from(["money", "unit", "receipt", "attribute:distance"]),
        "every": st.sampled_from(["0.5", "1", "20", "3.33"]),
        "whole_steps": st.booleans(),
        "max": st.sampled_from(["1", "50"]),
    },
)
pays = st.fixed_dictionaries(
    {"wallet": wallet_word},
    optional={
        "min_balance": st.sampled_from([1, 500]),
        "block": st.sampled_from([1, 3, 100]),
        "max": money,
        "max_share": st.sampled_from(["0.30", "0.5", "1"]),
        "confirm": st.booleans(),
        "into": st.sampled_from(["", "", "cash", "fund"]),
    },
)
catalogues = st.fixed_dictionaries(
    {
        "wallet": wallet_word,
        "catalogue": st.dictionaries(st.sampled_from(SKUS), st.integers(1, 500), min_size=1),
    },
    optional={"all_or_nothing": st.booleans()},
)
lots = st.fixed_dictionaries(
    {"points": st.integers(1, 500), "wallet": wallet_word},
    optional={"expires": st.sampled_from([*PERIODS, "PT2H"])},
)
gives = st.one_of(
    lots.map(lambda lot: {"lot": lot}),
    st.sampled_from(VOUCHERS).map(lambda one: {"voucher": one}),
    st.fixed_dictionaries({"stored_value": money, "wallet": st.just("gift")}),
    st.fixed_dictionaries(
        {
            "stored_value": money,
            "wallet": st.just("gift"),
            "cost": st.integers(1, 500),
            "cost_wallet": wallet_word,
        }
    ),
    st.sampled_from(SKUS).map(lambda one: {"free": one}),
    st.sampled_from(["wifi", "lounge"]).map(lambda one: {"benefit": one}),
    st.just({"lottery": "car"}),
)
counts = st.fixed_dictionaries(
    {"of": st.sampled_from(["visits", "units", "earned:p"]), "size": few},
    optional={"in": st.sampled_from(["member", "receipt"]), "guard_per_day": few},
)
caps = words(
    max_applications=few, max_per_receipt=few, max_per_day=few, max_per_member=few, max_total=few
).map(lambda table: dict(list(table.items())[:1]))


@st.composite
def rules(draw: st.DrawFn) -> Plain:
    """Draw one rule: one verb, when, scope, and what may stand beside that verb."""
    rule: Plain = {}
    if draw(st.booleans()):
        rule["when"] = draw(whens | st.lists(whens, min_size=2, max_size=2))
    if draw(st.booleans()):
        rule["scope"] = draw(scope_words)
    if draw(st.booleans()):
        rule["priority"] = draw(st.integers(-3, 3))
    verb = draw(
        st.sampled_from(
            ["take_off", "take_off", "take_off", "earn", "earn", "multiply", "pay", "pay", "give", "give"]
        )
    )
    match verb:
        case "take_off":
            rule |= draw(_take_off_rules())
        case "earn":
            rule["earn"] = draw(earns)
            if rule["earn"]["wallet"] == "p":
                rule |= draw(st.sampled_from([{}, {"group": "rate"}]))
        case "multiply":
            modes = st.sampled_from(["best", "sum", "product"])
            factor = {"by": st.sampled_from(["1", "1.5", "2", "3"]), "wallet": wallet_word}
            rule["multiply"] = draw(st.fixed_dictionaries(factor, optional={"mode": modes}))
        case "pay":
            rule["pay"] = draw(pays | catalogues)
        case _:
            rule["give"] = draw(gives)
            if draw(st.booleans()):
                rule["count"] = draw(counts)
            rule |= draw(caps)
    return rule


@st.composite
def _take_off_rules(draw: st.DrawFn) -> Plain:
    word = draw(take_offs)
    rule: Plain = {"take_off": word}
    if "set_price" in word or "cheapest_free" in word:
        rule["stage"] = "bundle"
        return rule | draw(st.sampled_from([{}, {"max_applications": 1}]))
    rule["stage"] = draw(st.sampled_from(["line", "receipt"]))
    if rule["stage"] == "line":
        rule |= draw(st.sampled_from([{}, {"group": "off"}, {"exclusive": True}]))
    return rule | draw(caps)


modes = st.fixed_dictionaries(
    {"mode": st.sampled_from(["all", "first", "best"]), "per": st.sampled_from(["line", "receipt"])}
)
wallets = st.fixed_dictionaries(
    {"value": st.sampled_from(["0.01", "0.05", "1.00", "0.001", "0.03"])},
    optional={
        "scale": st.integers(0, 2),
        "activates": st.sampled_from(["P1D", "P1M"]),
        "expires": st.sampled_from([*PERIODS, "PT2H"]),
        "burn": st.sampled_from(["one", "other"]),
        "spend_order": st.sampled_from(["expires_first", "oldest"]),
    },
)
tiers = st.fixed_dictionaries(
    {"measure": st.sampled_from(["spend", "units", "receipts", "friends", "earned:p"])},
    optional={
        "window": st.sampled_from(["lifetime", "calendar_year", "calendar_month", "P12M", "P7D"]),
        "takes_effect": st.sampled_from(["next_receipt", "this_receipt"]),
        "until": st.sampled_from(["measure", "year_end", "next_year_end"]),
        "downgrade": st.sampled_from(["to_earned", "one_step", "never"]),
        "scope": st.sampled_from(["one", "other"]),
    },
)
vouchers = st.fixed_dictionaries(
    {"take_off": percent_offs | st.fixed_dictionaries({"amount": money})},
    optional={
        "life": st.sampled_from([*PERIODS, "PT2H"]),
        "scope": scope_words,
        "priority": st.integers(-2, 2),
    },
)
prompts = st.fixed_dictionaries(
    {"say": st.just({"en": "Say it"})}, optional={"when": plain_whens, "scope": scope_words}
)
settings_words = st.lists(st.sampled_from(sorted(SETTINGS)), max_size=4, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: st.sampled_from(SETTINGS[key]) for key in keys})
)


@st.composite
def plain_programmes(draw: st.DrawFn) -> Plain:
    """Draw a whole programme as plain tables."""
    zones = st.sampled_from(["UTC", "Europe/Helsinki", "America/New_York"])
    head: Plain = {"id": "x", "version": 1, "currency": "EUR", "time_zone": draw(zones)}
    low, high = draw(st.sampled_from([("5", "30"), ("1", "2"), ("100.00", "3500.00")]))
    measure = draw(tiers)
    return {
        "programme": head,
        "settings": draw(settings_words),
        "scope": {"one": draw(scopes), "other": draw(scopes)},
        "wallet": {"p": draw(wallets), "q": draw(wallets), "gift": {"kind": "stored_value"}},
        "tier": {
            "green": {**measure, "at_least": low},
            "gold": {**measure, draw(st.sampled_from(["at_least", "over"])): high},
        },
        "partner": {"mate": {"stores": ["s2"]}},
        "shop_tag": {"pilot": {"stores": ["s1"]}},
        "group": {"off": draw(modes), "rate": draw(modes)},
        "voucher": {"v1": draw(vouchers), "v2": draw(vouchers)},
        "prompt": {"say": draw(prompts)},
        "rule": {f"r{number}": draw(rules()) for number in range(draw(st.integers(1, 7)))},
    }


def toml(plain: Plain) -> str:
    """Write plain tables as TOML: one header for each table of the second level, the rest inline."""
    rows = []
    for table, content in plain.items():
        if table in {"programme", "settings", "enrol"}:
            rows += [f"[{table}]", *(f"{key} = {_inline(value)}" for key, value in content.items())]
            continue
        for name, words_of in content.items():
            rows += [f"[{table}.{name}]", *(f"{key} = {_inline(value)}" for key, value in words_of.items())]
    return "\n".join(rows) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    """Draw a sound programme; rules that do not hold together are left out, as their author would."""
    plain = draw(plain_programmes())
    for _ in range(6):
        try:
            return load_programme(toml(plain).encode(), name="x.toml")
        except DocumentError as error:
            for one in error.mistakes:
                table, _, name = one.pointer.rpartition(" ")[2][1:].partition("/")
                within = plain.get(table, {})
                if name:
                    within.pop(name.partition("/")[0], None)
                else:
                    plain.pop(table, None)
    assume(False)
    raise AssertionError
