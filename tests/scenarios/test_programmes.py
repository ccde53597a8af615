"""Every programme of the programme texts is shipped, sound, and played to the last digit."""

from pathlib import Path

import pytest

from agent.loyalty.compile import compile_programme
from agent.loyalty.read import load_programme
from agent.resources import shipped_programmes
from agent.scenario.parse import parse
from agent.scenario.report import difference
from agent.scenario.run import play
from agent.scenario.story import Scenario

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
OURS = ["household-club", "my-starbucks-rewards-card"]
"""The demo's programme, and the second reading of a text."""
EXAMPLES = "A1 A2 A3 B1 B2 B3 C1 C2 C3 D1 D2 D3 E1 E2 E3 E4 F1 F2 F3 G1 G2 G3 H1 H2 H3 H4"
"""The worked examples; a scenario's title begins with the one it plays."""


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


@pytest.mark.parametrize("name", sorted(PROGRAMMES))
def test_a_shipped_programme_loads_and_its_file_is_called_by_its_id(name: str) -> None:
    programme = load_programme(PROGRAMMES[name].read_bytes(), name=f"{name}.toml")
    compile_programme(programme)
    assert programme.id == name


@pytest.mark.parametrize("name", sorted(PROGRAMMES))
def test_a_shipped_programme_speaks_three_languages(name: str) -> None:
    text = load_programme(PROGRAMMES[name].read_bytes(), name=f"{name}.toml").text
    named = {"programme": text.programme.name}
    named |= {f"rule.{key}": rule.name for key, rule in text.rule.items()}
    named |= {f"voucher.{key}": voucher.name for key, voucher in text.voucher.items()}
    named |= {f"prompt.{key}": prompt.say for key, prompt in text.prompt.items()}
    assert [key for key, names in named.items() if not (names.en and names.ru and names.fi)] == []


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda one: f"{one.programme}: {one.title}")
def test_a_story_comes_out_as_it_is_told(scenario: Scenario) -> None:
    file = PROGRAMMES[scenario.programme]
    outcomes = play(scenario, load_programme(file.read_bytes(), name=f"{scenario.programme}.toml"))
    assert difference(scenario, outcomes) == ""
