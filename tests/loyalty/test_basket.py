"""What a basket refuses by itself: a year in which nobody sells, and two lines of one number."""

import pytest

from agent.loyalty.basket import Basket, Line
from tests.loyalty.desk import AT


@pytest.mark.parametrize("year", [1969, 2100])
def test_a_sale_of_a_year_in_which_nobody_sells_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="1970"):
        Basket("r", AT.replace(year=year), "s", "t", "EUR")


def test_two_lines_of_one_number_are_refused() -> None:
    with pytest.raises(ValueError, match="same number"):
        Basket("r", AT, "s", "t", "EUR", [Line(1, "a", 1), Line(1, "b", 2)])
