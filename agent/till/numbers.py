"""Numbers typed into the POS: a loyalty number becomes a token at once, a payment card goes no further.

A POS that got no answer to an identification puts the number itself into quote or commit; what is
neither a token nor a number of ours is a coupon code and stays as it is.
"""

from typing import Any

import msgspec

from agent.errors import Refused
from agent.loyalty.basket import Basket
from agent.till.identify import Identifier
from agent.till.quote import Decode
from agent.till.tokens import TokenSeal

PAYMENT_CARD = "payment_card"
REMOVED = "[payment card removed]"
_FEWEST_DIGITS = 12  # of a payment card number, ISO/IEC 7812
_LEAVE_ALONE = frozenset({"sku", "receipt_id", "fiscal"})
"""Long numbers by trade, one in some hundred of which would pass for a card; no till field for cards."""


class TypedNumbers:
    """Reads what stands in a basket's instruments."""

    def __init__(self, seal: TokenSeal, identifier: Identifier, decode_text: Decode) -> None:
        self._seal = seal
        self._identifier = identifier
        self._decode_text = decode_text

    def decode(self, text: str) -> tuple[str, str]:
        """Return kind and value of one typed number.

        Raises:
            Refused: a payment card, or no number of ours.
        """
        decoded = self._decode_text(text)
        if isinstance(decoded, str):
            code = "payment_card_refused" if decoded == PAYMENT_CARD else "unreadable"
            raise Refused(code, f"the number was refused: {decoded}", remedy="ask for the loyalty card")
        return decoded

    def refuse_payment_card(self, text: str) -> None:
        """Let nobody type a payment card where a phone is asked for.

        Raises:
            Refused: it is one.
        """
        if self._is_payment_card(text):
            raise Refused("payment_card_refused", "a payment card is no phone number")

    def sealed(self, basket: Basket) -> Basket:
        """Return the basket with tokens in place of numbers of ours.

        Raises:
            Refused: a payment card is among its instruments.
        """
        if not basket.instruments:
            return basket
        told = [self._sealed(one) for one in basket.instruments]
        if None in told:
            raise Refused("payment_card_refused", "a payment card is no loyalty card")
        return msgspec.structs.replace(basket, instruments=told)

    def sealed_when_paid(self, basket: Basket, also: str) -> tuple[Basket, bool]:
        """Return the basket with tokens, `also` among them, and whether a payment card was left out."""
        told = [self._sealed(one) for one in (*basket.instruments, also) if one]
        kept = [one for one in told if one is not None]
        return msgspec.structs.replace(basket, instruments=kept), len(kept) < len(told)

    def without_payment_cards(self, plain: Any) -> Any:
        """Return parsed JSON with each payment card number replaced; some fields are left alone (above)."""
        match plain:
            case dict():
                return {
                    key: value if key in _LEAVE_ALONE else self.without_payment_cards(value)
                    for key, value in plain.items()
                }
            case list():
                return [self.without_payment_cards(one) for one in plain]
            case str() | int() if self._is_payment_card(str(plain)):
                return REMOVED
            case _:
                return plain

    def _is_payment_card(self, text: str) -> bool:
        if sum(character.isdigit() for character in text) < _FEWEST_DIGITS:
            return False
        # A token is not typed by anybody, and its letters hide no card.
        return self._seal.open(text) is None and self._decode_text(text) == PAYMENT_CARD

    def _sealed(self, instrument: str) -> str | None:
        """Return a token for a number of ours, a coupon code as it is, None for a payment card."""
        if self._seal.open(instrument) is not None:
            return instrument
        decoded = self._decode_text(instrument)
        if decoded == PAYMENT_CARD:
            return None
        if isinstance(decoded, str):
            return instrument
        return self._identifier.identify(*decoded, "Keyed").token
