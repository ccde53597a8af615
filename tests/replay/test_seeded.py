"""What the data lacks is made from a seed: the same seed makes the same, and shares come out as written."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scripts.replay.__main__ import CUTS, plan_of_cuts
from scripts.replay.seeded import ANONYMOUS, CASHIERS, CODED, RETURNED, VOIDED, card_number, choices


@given(seed=st.integers(), basket=st.integers(min_value=0))
def test_a_seed_repeats_its_choices(seed: int, basket: int) -> None:
    assert choices(seed, basket) == choices(seed, basket)


def test_another_seed_chooses_otherwise() -> None:
    assert [choices(1, basket) for basket in range(50)] != [choices(2, basket) for basket in range(50)]


def test_the_shares_are_about_as_written() -> None:
    made = [choices(1, basket) for basket in range(20_000)]
    for share, seen in (
        (ANONYMOUS, sum(one.anonymous for one in made)),
        (VOIDED, sum(one.voided for one in made)),
        (RETURNED, sum(one.returned for one in made)),
        (CODED, sum(bool(one.code) for one in made)),
    ):
        assert 0.8 * share < seen / len(made) < 1.2 * share
    assert len(Counter(one.cashier for one in made)) == CASHIERS


@given(household=st.integers(min_value=0, max_value=999_999_999))
def test_a_card_number_is_a_sound_ean_13_of_prefix_299(household: int) -> None:
    number = card_number(household)
    weighted = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(number))
    assert len(number) == 13
    assert number.startswith("299")
    assert weighted % 10 == 0


@given(total=st.integers(min_value=60, max_value=200_000), seed=st.integers(0, 1000))
def test_the_line_is_cut_and_each_time_healed_before_it_is_cut_again(total: int, seed: int) -> None:
    plan = plan_of_cuts(total, seed)
    assert [plan[at] for at in sorted(plan)] == [True, False] * CUTS
    assert max(plan) <= total
