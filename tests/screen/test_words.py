"""The catalogues are whole, and numbers look as CLDR says (Babel stands beside for comparison only)."""

import re
from datetime import datetime
from decimal import Decimal
from gettext import GNUTranslations
from pathlib import Path
from string import Formatter

import pytest
from babel.dates import format_datetime, format_time
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from agent.loyalty.explain import money, plural
from agent.screen.words import words_of
from scripts.build_catalogs import LOCALE, compile_catalogues

SCREEN = Path(__file__).resolve().parents[2] / "agent" / "screen"
KEYWORDS = {"text": None, "later": None, "count": (1, 2)}
LANGUAGES = ("en", "ru", "fi")
TRANSLATED = ("ru", "fi")


def said() -> set[str | tuple[str, ...]]:
    """Every phrase in the source of the screens."""
    found = extract_from_dir(str(SCREEN), method_map=[("**.py", "python")], keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


def catalogue(lang: str) -> Catalog:
    with (LOCALE / lang / "LC_MESSAGES" / "loyalty-agent.po").open("rb") as source:
        return read_po(source, locale=lang, abort_invalid=True)


def fields(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


@pytest.mark.parametrize("lang", TRANSLATED)
def test_each_sentence_is_translated_and_no_translation_is_left_over(lang: str) -> None:
    assert {one.id for one in catalogue(lang) if one.id} == said()
    assert [one.id for one in catalogue(lang) if one.id and (one.fuzzy or not one.string)] == []


@pytest.mark.parametrize("lang", TRANSLATED)
def test_a_translation_names_the_same_values(lang: str) -> None:
    for one in catalogue(lang):
        if one.id:
            ours = (one.id,) if isinstance(one.id, str) else one.id
            theirs = (one.string,) if isinstance(one.string, str) else one.string or ()
            assert {frozenset(fields(text)) for text in ours} == {frozenset(fields(text)) for text in theirs}


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_compiled_catalogue_beside_the_source_is_of_this_source(lang: str, tmp_path: Path) -> None:
    source = LOCALE / lang / "LC_MESSAGES" / "loyalty-agent.po"
    copy = tmp_path / lang / "LC_MESSAGES" / "loyalty-agent.po"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(source.read_bytes())
    (compiled,) = compile_catalogues(tmp_path)
    assert compiled.read_bytes() == source.with_suffix(".mo").read_bytes()
    with compiled.open("rb") as opened:
        assert GNUTranslations(opened).gettext("Cancel") == words_of(lang).text("Cancel")


def test_russian_counts_one_few_and_many() -> None:
    count = words_of("ru").count
    forms = [count("{number} minute", "{number} minutes", number) for number in (1, 2, 5, 11, 21, 111)]
    assert [form.removeprefix("{number} ") for form in forms] == [
        "минута",
        "минуты",
        "минут",
        "минут",
        "минута",
        "минут",
    ]


@given(st.integers(0, 10**6))
def test_the_plural_of_rules_and_of_catalogues_is_one(number: int) -> None:
    for lang, forms in (("ru", ("минута", "минуты", "минут")), ("fi", ("minuutti", "", "minuuttia"))):
        counted = words_of(lang).count("{number} minute", "{number} minutes", number)
        assert counted == "{number} " + plural(number, lang, forms)


@given(
    st.integers(0, 10**12), st.sampled_from(LANGUAGES), st.sampled_from(["EUR", "USD", "GBP", "RUB", "SEK"])
)
def test_a_price_looks_as_babel_writes_it(minor: int, lang: str, currency: str) -> None:
    theirs = format_currency(Decimal(minor) / 100, currency, locale=lang)
    ours = words_of(lang).price(minor, currency)
    # Babel sets no space after a code that stands before the amount, as CLDR would.
    assert re.sub(r"(?<=[A-Z])\s(?=\d)", "", ours) == theirs


@given(st.integers(0, 10**12), st.sampled_from(LANGUAGES))
def test_a_number_of_points_looks_as_babel_writes_it(number: int, lang: str) -> None:
    assert money(number, lang, digits=0) == format_decimal(number, locale=lang)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.sampled_from(TRANSLATED))  # noqa: DTZ001 - a clock on a wall
def test_a_moment_looks_as_babel_writes_it(at: datetime, lang: str) -> None:
    today, later = (
        words_of(lang).moment(at, at),
        words_of(lang).moment(at, at.replace(year=at.year + 1, day=1)),
    )
    assert today == format_time(at, "short", locale=lang)
    assert later == format_datetime(at, "short", locale=lang)
