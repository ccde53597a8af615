"""A programme file's mistakes come all at once, each where it stands."""

from pathlib import Path

import pytest

from agent.errors import DocumentError
from agent.loyalty.read import load_programme

HEAD = """[programme]
id = "x"
version = 1
currency = "EUR"
time_zone = "Europe/Helsinki"
[wallet.p]
"""
PROGRAMMES = sorted((Path(__file__).parents[2] / "config" / "programmes").glob("*.toml"))


def mistakes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        load_programme((HEAD + text).encode(), name="x.toml")
    return [(one.pointer, one.code) for one in caught.value.mistakes]


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.stem)
def test_every_shipped_programme_is_sound_and_named_like_its_file(file: Path) -> None:
    assert load_programme(file.read_bytes(), name=file.name).id == file.stem


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    found = mistakes('[rule.a]\nearn = { pionts = "1" }\n[rule.b]\nearn = { points = 0.5 }\n')
    assert ("x.toml:8 /rule/a/earn/pionts", "unknown_field") in found
    assert ("x.toml:8 /rule/a/earn/points", "missing") in found
    assert ("x.toml:10 /rule/b/earn/points", "float_refused") in found


def test_a_word_of_a_later_semantics_is_an_error_never_ignored() -> None:
    assert mistakes("[tier.gold]\n") == [("x.toml:7 /tier", "not_supported")]


def test_names_must_exist_and_the_nearest_is_offered() -> None:
    text = HEAD + '[scope]\nshop = {}\n[rule.a]\nscope = "shpo"\nearn = { points = "1" }\n'
    with pytest.raises(DocumentError) as caught:
        load_programme(text.encode(), name="x.toml")
    assert caught.value.mistakes[0].remedy == "did you mean 'shop'?"


def test_a_setting_we_cannot_follow_is_refused() -> None:
    assert mistakes('[settings]\nallocate = "last_line"\n') == [
        ("x.toml:8 /settings/allocate", "not_supported")
    ]


def test_one_id_twice_is_a_mistake() -> None:
    assert mistakes("[rule.a]\n[rule.a]\n")[0][1] == "not_toml"


def test_the_hash_knows_content_not_layout() -> None:
    rule = '[rule.a]\nearn = { points = "1" }\n'
    plain = load_programme((HEAD + rule).encode(), name="x")
    spaced = load_programme((HEAD + "# a remark\n\n" + rule).encode(), name="x")
    other = load_programme((HEAD + rule.replace('"1"', '"2"')).encode(), name="x")
    assert plain.hash == spaced.hash
    assert plain.hash != other.hash


def test_numbers_that_cannot_be_meant_are_refused() -> None:
    rules = (
        '[rule.a]\nearn = { points = "1", every = "0" }\n'
        '[rule.b]\nmultiply = { by = "0.5" }\n'
        '[rule.c]\ntake_off = { amount = "1.005" }\n'
        "[rule.d]\npay = {}\n"
    )
    assert [code for _, code in mistakes(rules)] == ["zero", "too_little", "too_fine", "no_value"]
