"""Whatever is wrong with a programme, a basket or a member: one report, and everything planted is in it."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.documents import MAX_MISTAKES, decode_json
from agent.errors import DocumentError
from agent.loyalty.basket import Basket
from agent.loyalty.member import MemberFacts
from agent.loyalty.read import load_programme
from tests.loyalty.made_baskets import baskets, members
from tests.loyalty.made_programmes import Plain, plain_programmes, toml

SOME = settings(max_examples=25)
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 10**30, 0.5, "", "x" * 600, "1e9", [], {}, [[]], {"": {}}, "\ud800", [None], {"a": [1]}]
)


def pointers(load: Callable[[], object]) -> set[str]:
    with pytest.raises(DocumentError) as caught:
        load()
    return {one.pointer.rpartition(" ")[2] for one in caught.value.mistakes}


@given(
    plain_programmes(),
    st.sets(st.sampled_from(["rule", "scope", "wallet", "tier", "voucher", "group"]), min_size=1),
)
@SOME
def test_every_misspelt_word_of_a_programme_is_in_the_one_report(plain: Plain, tables: set[str]) -> None:
    planted = set()
    for table in tables:
        for name, content in plain[table].items():
            plain[table][name] = {**content, "mispselt": 1}
            planted.add(f"/{table}/{name}/mispselt")
    plain["programme"]["currency"] = "euro"
    found = pointers(lambda: load_programme(toml(plain).encode(), name="x.toml"))
    assert planted | {"/programme/currency"} <= found


@given(baskets(), st.data())
@SOME
def test_every_mistake_of_a_basket_is_in_the_one_report(basket: Basket, data: st.DataObject) -> None:
    plain = msgspec.to_builtins(basket)
    planted = {"/currency", "/till", "/sold"}
    plain |= {"currency": "euro", "till": 7, "sold": "x"}
    for at, line in enumerate(plain["lines"]):
        key, value = data.draw(
            st.sampled_from([("amount_minor", "1"), ("sku", 5), ("quantity", "1,5"), ("extra", 1)])
        )
        line[key] = value
        planted.add(f"/lines/{at}/{key}")
    assert planted <= pointers(lambda: decode_json(json.dumps(plain).encode(), Basket, what="basket"))


@given(members())
@SOME
def test_every_mistake_of_a_member_is_in_the_one_report(member: MemberFacts) -> None:
    plain = msgspec.to_builtins(member)
    planted = {"/member", "/card_shown", "/tiers", "/wallets/p/lots/0/amount", "/counts/r1/position"}
    plain |= {"member": None, "card_shown": "yes", "tiers": [], "counts": {"r1": {"position": "x"}}}
    plain["wallets"] = {"p": {"lots": [{"lot": "l", "amount": 1.5}]}}
    assert planted <= pointers(lambda: decode_json(json.dumps(plain).encode(), MemberFacts, what="member"))


def check_read_or_refused(load: Callable[[], object]) -> None:
    told: object = None
    try:
        told = load()
    except DocumentError as error:
        told = error.mistakes
    assert told


def broken(plain: Any, data: st.DataObject) -> Any:
    """Return a document with junk somewhere in it."""
    if not plain or not isinstance(plain, dict | list) or data.draw(st.integers(0, 3)) == 0:
        return data.draw(JUNK)
    if isinstance(plain, list):
        at = data.draw(st.integers(0, len(plain) - 1))
        return [*plain[:at], broken(plain[at], data), *plain[at + 1 :]]
    key = data.draw(st.sampled_from(sorted(plain)))
    if data.draw(st.integers(0, 7)) == 0:
        return {name: value for name, value in plain.items() if name != key}
    return {**plain, key: broken(plain[key], data)}


@given(plain_programmes(), st.data())
@SOME
def test_a_programme_with_junk_in_it_is_read_or_refused_never_more(plain: Plain, data: st.DataObject) -> None:
    text = _written(broken(plain, data))
    check_read_or_refused(lambda: load_programme(text, name="x.toml"))


@given(baskets() | members(), st.data())
@SOME
def test_a_basket_or_member_with_junk_in_it_is_read_or_refused_never_more(
    document: Basket | MemberFacts, data: st.DataObject
) -> None:
    text = json.dumps(broken(msgspec.to_builtins(document), data)).encode()
    check_read_or_refused(lambda: decode_json(text, type(document), what="document"))


@given(plain_programmes(), st.integers(0, 10_000), st.text(max_size=8))
@SOME
def test_a_programme_cut_and_patched_anywhere_is_read_or_refused_never_more(
    plain: Plain, at: int, patch: str
) -> None:
    text = toml(plain)
    at %= len(text)
    check_read_or_refused(
        lambda: load_programme(
            (text[:at] + patch + text[at + len(patch) :]).encode("utf-8", "surrogatepass"), name="x.toml"
        )
    )


def _written(plain: Any) -> bytes:
    """Write a document with junk in it as TOML: what is no table becomes a key at the top."""
    if not isinstance(plain, dict):
        return json.dumps(plain).encode()
    tables = {key: value for key, value in plain.items() if _is_table(key, value)}
    rest = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in plain.items() if key not in tables]
    return ("\n".join(rest) + "\n" + toml(tables)).encode("utf-8", "surrogatepass")


def _is_table(key: str, value: Any) -> bool:
    is_flat = key in {"programme", "settings", "enrol"}
    return isinstance(value, dict) and (is_flat or all(isinstance(one, dict) for one in value.values()))


def test_a_report_of_very_many_mistakes_ends_after_a_hundred() -> None:
    plain: Plain = {
        "programme": {"id": "x", "version": 1, "currency": "EUR", "time_zone": "UTC"},
        "rule": {f"r{number}": {"earn": 1} for number in range(150)},
    }
    assert len(pointers(lambda: load_programme(toml(plain).encode(), name="x.toml"))) == MAX_MISTAKES
