"""Every programme of the programme texts is shipped, sound, and played to the last digit."""

from functools import cache
from pathlib import Path

import pytest

from agent.loyalty.compile import compile_programme
from agent.loyalty.member import MemberFacts
from agent.loyalty.programme import Programme
from agent.loyalty.read import load_programme
from agent.resources import programmes_folder, shipped_programmes
from agent.scenario.parse import parse
from agent.scenario.report import difference
from agent.scenario.run import play
from agent.scenario.story import Receipt, Said, Scenario

HERE = Path(__file__).parent
PROGRAMMES = shipped_programmes()
STORIES = sorted(HERE.glob("*.txt"))
TEXTS = """
il-de-bote-web-club targeted-coupons balticmiles cobrand-bank-card starbucks-gold my-starbucks-rewards
starbucks-prepaid cafe-nth-visit bloomingdales-loyallist walgreens-balance-rewards national-emerald-club
best-buy neiman-marcus ihg-priority-club marriott-rewards hilton-hhonors club-carlson american-airlines-1981
nectar payback lukoil-after-fuelling lukoil-win-back galamart-two-wallets galamart-avtorus-kpi
galamart-email-for-code ecco-bonus-club cvm-segments sephora-beauty-insider frostbeard-books
bathorium-bath-bucks shoppers-drug-mart red-cross-canada customer-of-the-month mcdonalds-hug garanti-bonus
sony-rewards birthday-surprise app-shopping-list members-free-delivery vip-threshold purchase-sequence
monthly-contest azimut-levels pilot-shops
"""
"""The rows of the programme texts: none may be dropped."""
OURS = ["everyday-offers", "household-club", "my-starbucks-rewards-card"]
"""Offers to copy from, the demo's programme, and the second reading of a text."""
EXAMPLES = "A1 A2 A3 B1 B2 B3 C1 C2 C3 D1 D2 D3 E1 E2 E3 E4 F1 F2 F3 G1 G2 G3 H1 H2 H3 H4"
"""The worked examples; a scenario's title begins with the one it plays."""


@cache
def shipped(name: str) -> Programme:
    return load_programme(PROGRAMMES[name].read_bytes(), name=f"{name}.toml")


@cache
def scenarios() -> list[Scenario]:
    return [one for file in STORIES for one in parse(file.read_text(encoding="utf-8"), name=file.name)]


def test_every_row_of_the_programme_texts_is_shipped_and_nothing_untold() -> None:
    assert len(TEXTS.split()) == 44
    assert sorted(PROGRAMMES) == sorted(TEXTS.split() + OURS)


def test_every_shipped_programme_has_a_story_of_its_name() -> None:
    assert sorted(file.stem for file in STORIES) == sorted(PROGRAMMES)
    assert {one.programme + ".txt" for one in scenarios()} == {file.name for file in STORIES}


def test_every_worked_example_is_played() -> None:
    assert sorted({one.title.split()[0] for one in scenarios()} & set(EXAMPLES.split())) == EXAMPLES.split()


def test_the_readme_names_every_programme_and_its_story_can_be_read() -> None:
    page = (programmes_folder() / "README.md").read_text(encoding="utf-8")
    assert [name for name in PROGRAMMES if name not in page.replace(", …", ", my-starbucks-rewards")] == []
    story = page.partition("```text\n")[2].partition("```")[0]
    [scenario] = parse(story, name="README.md")
    assert [told.forms[0] for told in play(scenario, shipped("cafe-nth-visit"))[0].told][:2] == [
        "due 7.00",
        "gives voucher pastry",
    ]


@pytest.mark.parametrize("name", sorted(PROGRAMMES))
def test_a_shipped_programme_loads_and_its_file_is_called_by_its_id(name: str) -> None:
    compile_programme(shipped(name))
    assert shipped(name).id == name


@pytest.mark.parametrize("name", sorted(PROGRAMMES))
def test_a_shipped_programme_speaks_three_languages(name: str) -> None:
    text = shipped(name).text
    named = {"programme": text.programme.name}
    named |= {f"rule.{key}": rule.name for key, rule in text.rule.items()}
    named |= {f"voucher.{key}": voucher.name for key, voucher in text.voucher.items()}
    named |= {f"prompt.{key}": prompt.say for key, prompt in text.prompt.items()}
    assert [key for key, names in named.items() if not (names.en and names.ru and names.fi)] == []


def holdings(facts: MemberFacts | None) -> object:
    """Return what a member has; days of counts and empty lots are no possession."""
    if facts is None:
        return None
    lots = {(wallet, lot.lot, lot.amount) for wallet, one in facts.wallets.items() for lot in one.lots}
    return (
        {lot for lot in lots if lot[2]},
        {rule: one.lifetime for rule, one in facts.counts.items() if one.lifetime},
        {key: amount for key, amount in facts.measures.items() if amount},
        {rule: values for rule, values in facts.history.items() if values},
        {one.id for one in facts.vouchers},
    )


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda one: f"{one.programme}: {one.title}")
def test_any_sale_of_a_story_taken_back_whole_leaves_the_member_as_before(scenario: Scenario) -> None:
    for number, sale in enumerate(scenario.steps, 1):
        if not isinstance(sale, Receipt) or sale.act != "buys":
            continue
        goods = [
            Said(one.line, "goods", {"name": one.words["name"], "count": ""})
            for one in sale.said
            if one.kind == "goods"
        ]
        back = sale._replace(act="returns", said=goods, expected=[])
        outcomes = play(
            scenario._replace(steps=[*scenario.steps[:number], back]), shipped(scenario.programme)
        )
        assert holdings(outcomes[-1].after) == holdings(outcomes[-2].before), sale.title


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda one: f"{one.programme}: {one.title}")
def test_a_story_comes_out_as_it_is_told(scenario: Scenario) -> None:
    outcomes = play(scenario, shipped(scenario.programme))
    assert difference(scenario, outcomes) == ""
