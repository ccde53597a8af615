"""The tax inside a line, from its amount after rebates; a fixed part never shrinks (setting fixed_tax)."""

from agent.loyalty.basket import Line
from agent.loyalty.numbers import exact, half_up


def tax_of(line: Line, amount: int) -> int | None:
    """Return the line's tax in minor units, None if the POS named none."""
    if line.tax is None:
        return None
    rate = exact(line.tax.rate)
    base = max(0, abs(amount) - line.tax.fixed_minor)
    whole = 100 + rate if line.tax.included else 100
    share = base * rate / whole
    tax = half_up(share.numerator, share.denominator) + line.tax.fixed_minor
    return tax if amount >= 0 else -tax
