"""A document's mistakes are all named at once, by pointer, with the nearest known key."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from agent.documents import convert, decode_json, mistakes_in
from agent.errors import DocumentError


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
