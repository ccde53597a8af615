"""The tax inside a line, from its amount after rebates; a fixed part shrinks only where a setting says so."""

from agent.loyalty.basket import Line
from agent.loyalty.numbers import exact, half_up


def tax_of(line: Line, amount: int, *, fixed_shrinks: bool) -> int | None:
    """Return the line's tax in minor units, None if the POS named none.

    `fixed_shrinks` (setting fixed_tax): a fixed tax falls in proportion to the line's amount.
    """
    if line.tax is None:
        return None
    fixed = line.tax.fixed_minor
    if fixed_shrinks and line.amount_minor:
        fixed = half_up(fixed * abs(amount), abs(line.amount_minor))
    rate = exact(line.tax.rate)
    base = max(0, abs(amount) - fixed)
    whole = 100 + rate if line.tax.included else 100
    share = base * rate / whole
    tax = half_up(share.numerator, share.denominator) + fixed
    return tax if amount >= 0 else -tax
