"""A document's mistakes are all named at once, by pointer, with the nearest known key."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta, inspect

import agent
from agent.documents import convert, decode_json, mistakes_in
from agent.errors import DocumentError
from agent.loyalty.basket import Basket


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[int, Meta(ge=0)]
    tags: list[str] = []


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(max_length=3)]
    lines: list[Inner] = []
    either: str | Inner = ""


def found(plain: object) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in mistakes_in(plain, Outer)]


def test_what_fits_has_no_mistakes_and_is_decoded() -> None:
    assert found({"name": "a", "lines": [{"amount": 1}]}) == []
    assert decode_json(b'{"name":"a"}', Outer, what="x") == Outer("a")
    assert convert({"name": "a", "either": {"amount": 2}}, Outer, what="x").either == Inner(2)


def test_every_mistake_is_told_with_its_pointer() -> None:
    plain = {"nmae": "a", "lines": [{"amount": -1}, {"amount": 1, "tags": [1]}], "either": {"amuont": 1}}
    assert found(plain) == [
        ("/nmae", "unknown_field"),
        ("/lines/0/amount", "invalid"),
        ("/lines/1/tags/0", "invalid"),
        ("/either/amuont", "unknown_field"),
        ("/either/amount", "missing"),
        ("/name", "missing"),
    ]
    assert mistakes_in(plain, Outer)[0].remedy == "did you mean 'name'?"


@pytest.mark.parametrize(
    ("data", "code"), [(b"{", "not_json"), (b"[" * 100_000, "not_json"), (b'{"name":1}', "invalid")]
)
def test_bytes_that_are_no_such_document_are_a_document_error(data: bytes, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        decode_json(data, Outer, what="x")
    assert caught.value.mistakes[0].code in {code, "too_deep"}


def test_a_flood_of_mistakes_is_cut_off() -> None:
    assert len(mistakes_in({"name": "a", "lines": [{"x": 1}] * 500}, Outer)) == 100


def test_two_lines_of_one_number_are_refused() -> None:
    head = (
        '{"receipt_id": "r", "sold_at": "2026-11-24T12:00:00Z", "store": "s", "till": "t", "currency": "EUR"'
    )
    lines = '[{"line": 1, "sku": "a", "amount_minor": 1}, {"line": 1, "sku": "b", "amount_minor": 1}]'
    with pytest.raises(DocumentError) as caught:
        decode_json(f'{head}, "lines": {lines}}}'.encode(), Basket, what="basket")
    assert caught.value.mistakes[0].values == {"detail": "two lines have the same number"}


def test_no_type_unites_a_patterned_string_with_a_list() -> None:
    """Msgspec 0.22 frees such a union wrongly and corrupts the heap, at exit or sooner."""
    for module in pkgutil.walk_packages(agent.__path__, "agent."):
        importlib.import_module(module.name)
    found: list[str] = []
    for kind in kinds_under(msgspec.Struct):
        if kind.__module__.startswith("agent."):
            for field in inspect.type_info(kind).fields:  # type: ignore[attr-defined]
                found += [f"{kind.__name__}.{field.name}" for one in unions_in(field.type) if is_unsafe(one)]
    assert found == []


def kinds_under(kind: type) -> Iterator[type]:
    below: type
    for below in type.__subclasses__(kind):
        yield below
        yield from kinds_under(below)


def unions_in(kind: inspect.Type) -> Iterator[inspect.UnionType]:
    match kind:
        case inspect.UnionType(types=types):
            yield kind
            for one in types:
                yield from unions_in(one)
        case (
            inspect.Metadata(type=inner)
            | inspect.ListType(item_type=inner)
            | inspect.DictType(value_type=inner)
        ):
            yield from unions_in(inner)
        case _:
            pass


def is_unsafe(union: inspect.UnionType) -> bool:
    plain = [one.type if isinstance(one, inspect.Metadata) else one for one in union.types]
    patterned = any(isinstance(one, inspect.StrType) and one.pattern for one in plain)
    return patterned and any(isinstance(one, inspect.ListType | inspect.DictType) for one in plain)
