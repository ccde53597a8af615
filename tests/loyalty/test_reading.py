"""A programme file's mistakes come all at once, each where it stands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import DocumentError
from agent.loyalty.language.read import MAX_BYTES, load_programme
from tests.loyalty.desk import HEAD

ROOT = Path(__file__).parents[2]
PROGRAMMES = sorted((ROOT / "config" / "programmes").glob("*.toml"))
COUNT = '[rule.a]\ncount = { of = "units", in = "receipt", size = 2 }\n'
ONE_OF_X = '[rule.a]\ngroup = "x"\ntake_off = { percent = "1" }\n'
TWO_STAGES = f'[group.x]\n{ONE_OF_X}[rule.b]\nstage = "receipt"\n'
EXCLUSIVE = '[rule.e{0}]\nexclusive = true\nearn = {{ points = "1", wallet = "{0}" }}\n'
LINE_GROUP = '[group.x]\nmode = "best"\nper = "line"\n[rule.a]\ngroup = "x"\n'


def mistakes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        load_programme((HEAD + text).encode(), name="x.toml")
    return [(one.pointer, one.code) for one in caught.value.mistakes]


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.stem)
def test_every_shipped_programme_is_sound_and_named_like_its_file(file: Path) -> None:
    assert load_programme(file.read_bytes(), name=file.name).id == file.stem


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.stem)
def test_every_rule_and_voucher_shipped_has_a_name_in_each_language(file: Path) -> None:
    text = load_programme(file.read_bytes(), name=file.name).text
    names = [text.programme.name]
    names += [rule.name for rule in text.rule.values()] + [word.name for word in text.voucher.values()]
    assert all(name.en and name.ru and name.fi for name in names)


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    found = mistakes('[rule.a]\nearn = { pionts = "1" }\n[rule.b]\nearn = { points = 0.5 }\n')
    assert ("x.toml:8 /rule/a/earn/pionts", "unknown_field") in found
    assert ("x.toml:8 /rule/a/earn/points", "missing") in found
    assert ("x.toml:10 /rule/b/earn/points", "float_refused") in found
    assert len(found) == 3


def test_a_mistyped_table_hides_no_mistake_of_the_others() -> None:
    text = '[scope]\nshop = { gruops = ["a"] }\n[settings]\nallocate = "last"\n[rule.a]\nx = 1\n'
    text += '[rule.b]\nscope = "shop"\nearn = { wallet = "p", points = "1" }\n'
    text += '[rule.c]\nscope = "none"\npay = { wallet = "q" }\n'
    assert mistakes(text) == [
        ("x.toml:8 /scope/shop/gruops", "unknown_field"),
        ("x.toml:12 /rule/a/x", "unknown_field"),
        ("x.toml:10 /settings/allocate", "not_supported"),
        ("x.toml:17 /rule/c/scope", "unknown_scope"),
        ("x.toml:18 /rule/c/pay/wallet", "unknown_wallet"),
    ]


def test_names_must_exist_and_the_nearest_is_offered() -> None:
    text = HEAD + '[scope]\nshop = {}\n[rule.a]\nscope = "shpo"\nearn = { points = "1" }\n'
    with pytest.raises(DocumentError) as caught:
        load_programme(text.encode(), name="x.toml")
    assert caught.value.mistakes[0].remedy == "did you mean 'shop'?"


def test_a_setting_we_cannot_follow_is_refused() -> None:
    assert mistakes('[settings]\nallocate = "last"\n') == [("x.toml:8 /settings/allocate", "not_supported")]


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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[rule.a]\nwhen = { segment = [] }\nearn = { points = "1" }\n', "invalid"),
        ('[rule.a]\nwhen = { segment = "" }\nearn = { points = "1" }\n', "invalid"),
        ('[rule.a]\nscope = { groups = [] }\nearn = { points = "1" }\n', "invalid"),
        ('[rule.a]\nwhen = { hours = ["9:00-17:00"] }\nearn = { points = "1" }\n', "invalid"),
        ('[rule.a]\nwhen = { hours = "29:00-30:00" }\nearn = { points = "1" }\n', "invalid"),
        ('[rule.a]\npriority = 99999999999999999999\nearn = { points = "1" }\n', "invalid"),
        (
            '[rule.a]\nwhen = { from = 2026-02-01, until = 2026-02-01 }\nearn = { points = "1" }\n',
            "empty_period",
        ),
        ('[rule.a]\ntake_off = { percent = "100", pick = "dearest" }\n', "pick_of_what"),
        ('[rule.a]\ntake_off = { percent = "101" }\n', "too_much"),
        ("[rule.a]\ntake_off = {}\n", "one_measure"),
        ("[rule.a]\ngive = {}\n", "one_gift"),
        ("[rule.a]\n", "one_verb"),
        ('[rule.a]\nexclusive = true\nmultiply = { by = "2" }\n', "not_supported"),
        ('[rule.a]\nstage = "free"\ntake_off = { percent = "1" }\n', "not_its_stage"),
        ('[rule.a]\nmax_per_receipt = 1\nearn = { points = "1" }\n', "not_supported"),
        ('[rule.a]\ncount = { of = "visits", size = 2 }\nearn = { points = "1" }\n', "not_supported"),
        ('[rule.a]\ntake_off = { set_price = "1", percent = "1" }\n', "one_measure"),
        ("[rule.a]\ntake_off = { cheapest_free = 1 }\n", "free_of_what"),
        ("[rule.a]\ntake_off = { cheapest_free = 2, units = 2 }\n", "free_of_what"),
        ('[rule.a]\ntake_off = { percent = "1", units = 1, pick = "nth" }\n', "pick_of_what"),
        ('[rule.a]\ntake_off = { set_price = "1", units = 2, pick = "dearest" }\n', "not_picked"),
        ('[rule.a]\ntake_off = { percent = "1", each = [{ tags = ["t"] }] }\n', "too_few"),
        ('[rule.a]\ntake_off = { percent = "1", each = ["x", "y"] }\n', "unknown_scope"),
        ('[rule.a]\ntake_off = { percent = "1", each = ["x", "y"], units = 2 }\n', "two_bundles"),
        (COUNT + 'take_off = { percent = "1", each = [{}, {}] }\n', "two_bundles"),
        (COUNT + "take_off = { cheapest_free = 1, units = 3 }\n", "two_bundles"),
        (COUNT + 'take_off = { percent = "1", units = 3, pick = "dearest" }\n', "too_few"),
        (COUNT.replace("receipt", "member") + 'take_off = { percent = "1" }\n', "not_counted"),
        (COUNT.replace("receipt", "member") + 'give = { free = "a" }\n', "not_counted"),
        ('[rule.a]\nmax_applications = 2\ntake_off = { percent = "1" }\n', "not_repeated"),
        ('[rule.a]\nmax_applications = 2\nearn = { points = "1" }\n', "not_repeated"),
        ('[rule.a]\nmax_per_receipt = 2\ntake_off = { percent = "1" }\n', "not_repeated"),
        ('[rule.a]\nstage = "line"\ntake_off = { set_price = "1", units = 2 }\n', "not_its_stage"),
        ('[rule.a]\nstage = "line"\nearn = { points = "1" }\n', "not_its_stage"),
        (LINE_GROUP + 'take_off = { set_price = "1", units = 2 }\n', "not_comparable"),
        (
            LINE_GROUP.replace("rule.a", "voucher.a") + "take_off = { cheapest_free = 1, units = 2 }\n",
            "not_comparable",
        ),
        ('[settings]\nallocat = "last_line"\n', "unknown_setting"),
        (
            '[rule.a]\nwhen = { has = ["x"] }\ntake_off = { percent = "1" }\n',
            "unknown_scope",
        ),
        (TWO_STAGES + 'group = "x"\ntake_off = { amount = "1" }\n', "not_comparable"),
        ('[group.x]\n[voucher.v]\ngroup = "x"\ntake_off = { amount = "1" }\n' + ONE_OF_X, "not_comparable"),
        ("[wallet.q]\n" + EXCLUSIVE.format("p") + EXCLUSIVE.format("q"), "not_comparable"),
        ('[rule.a]\nwhen = { partner = "x" }\ntake_off = { percent = "1" }\n', "unknown_partner"),
        ('[rule.a]\nwhen = { shop_tag = ["x"] }\ntake_off = { percent = "1" }\n', "unknown_shop_tag"),
        ('[wallet.q]\n[rule.a]\nearn = { points = "1" }\n', "which_wallet"),
        ('[wallet.q]\nactivates = "PT2H"\n', "invalid"),
        (
            '[rule.a]\nwhen.amount = { at_least = "1", at = "pay" }\ntake_off = { percent = "1" }\n',
            "not_earlier",
        ),
        ("[rule.a]\nwhen." + "not." * 3000 + "identified = true\n", "too_deep"),
        ("# " + "x" * MAX_BYTES, "too_long"),
    ],
)
def test_what_cannot_be_meant_is_a_mistake(text: str, code: str) -> None:
    assert code in {found for _, found in mistakes(text)}


def test_rules_compete_only_where_their_gains_compare() -> None:
    group = '[wallet.q]\n[group.x]\nmode = "best"\n'
    rules = '[rule.a]\ngroup = "x"\nearn = { wallet = "p", points = "1" }\n'
    rules += '[rule.b]\ngroup = "x"\nearn = { wallet = "q", points = "1" }\n'
    rules += '[voucher.v]\ngroup = "x"\ntake_off = { percent = "1" }\n'
    assert mistakes(group + rules) == [
        ("x.toml:14 /rule/b/group", "not_comparable"),
        ("x.toml:17 /voucher/v/group", "not_comparable"),
    ]


def test_bytes_that_are_no_text_are_a_mistake() -> None:
    with pytest.raises(DocumentError) as caught:
        load_programme(b"\xff", name="x.toml")
    assert caught.value.mistakes[0].code == "not_utf8"


def test_reading_leaves_the_heap_sound() -> None:
    """Msgspec 0.22 frees a type wrongly that unites a patterned string with a list; a checked heap aborts."""
    program = "import sys\nfrom agent.loyalty.language.read import load_programme\n"
    program += "load_programme(sys.stdin.buffer.read(), name='x')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=HEAD.encode(),
        env={**os.environ, "PYTHONMALLOC": "debug"},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_unknown_time_zone_is_a_mistake() -> None:
    with pytest.raises(DocumentError) as caught:
        load_programme(HEAD.replace("Europe/Helsinki", "Europe/Hellsinki").encode(), name="x.toml")
    assert [one.code for one in caught.value.mistakes] == ["unknown_zone"]


def test_what_is_mistyped_is_read_as_it_was_meant_and_checked_to_the_end() -> None:
    text = '[rule.a]\nwhen = { segmnt = "x", hours = ["25:00-26:00"] }\ntake_of = { percent = "110" }\n'
    text += '[rule.b]\nscope = "none"\nearn = { wallet = "q", points = "-1" }\n[rule.c]\nx = 1\n'
    assert mistakes(text) == [
        ("x.toml:8 /rule/a/when/segmnt", "unknown_field"),
        ("x.toml:9 /rule/a/take_of", "unknown_field"),
        ("x.toml:12 /rule/b/earn/points", "invalid"),
        ("x.toml:14 /rule/c/x", "unknown_field"),
        ("x.toml:7 /rule/a/take_off/percent", "too_much"),
        ("x.toml:8 /rule/a/when/hours", "invalid"),
        ("x.toml:11 /rule/b/scope", "unknown_scope"),
        ("x.toml:12 /rule/b/earn/wallet", "unknown_wallet"),
    ]


def test_a_broken_head_hides_none_of_its_own_mistakes() -> None:
    text = HEAD.replace("version = 1", "version = 0").replace("Europe/Helsinki", "Europe/Nowhere")
    with pytest.raises(DocumentError) as caught:
        load_programme((text + '[rule.a]\nearn = { points = "1" }\n').encode(), name="x.toml")
    assert [one.pointer for one in caught.value.mistakes] == [
        "x.toml:3 /programme/version",
        "x.toml:5 /programme/time_zone",
    ]


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ('earn = { points = "1/3" }', 'write it like "0.05" or "10.00"'),
        (
            'earn = { points = "1", per = "line" }',
            'write it like "money" or "unit" or "receipt" or "attribute:distance"',
        ),
        ('give = { lot = { points = 5, expires = "14 days" } }', 'write it like "P365D" or "P12M" or "PT2H"'),
        ('take_off = { percent = "5", units = 1, pick = "chepest" }', "write one of cheapest, dearest, nth"),
        ('take_off = { percent = "5", max = "five" }', 'write it like "0.05" or "10.00"'),
    ],
)
def test_a_wrong_value_is_answered_with_a_right_one(words: str, remedy: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load_programme(f"{HEAD}[rule.a]\n{words}\n".encode(), name="x.toml")
    assert [one.remedy for one in caught.value.mistakes] == [remedy]
