"""Which character a key gives under each keyboard layout: positions to text, and text typed wrongly back.

Codes are Linux's (linux/input-event-codes.h). The layout is the reader's own setting, never the desktop's: a
scanner sends the positions of the keyboard it was set up for. Dead keys stand as the mark they would make.
Held against the xkb tables of the system in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

Layout = Literal["us", "ru", "fi", "de", "fr"]
LAYOUTS: tuple[str, ...] = get_args(Layout)

ENTER, KEYPAD_ENTER, TAB, SPACE, CAPS_LOCK, RIGHT_BRACE = 28, 96, 15, 57, 58, 27
LEFT_CTRL, RIGHT_CTRL, LEFT_SHIFT, RIGHT_SHIFT, LEFT_ALT, RIGHT_ALT = 29, 97, 42, 54, 56, 100

# The four rows of keys, from the one left of 1, Q and A, and between the left shift and Z.
_ROWS = ((41, *range(2, 14)), tuple(range(16, 28)), (*range(30, 41), 43), (86, *range(44, 54)))
_CODES = tuple(code for row in _ROWS for code in row)

# Per layout: the four rows plain and with shift. Below, what AltGr gives: a key's plain character, its third.
_PLAIN_AND_SHIFT: dict[str, tuple[str, str]] = {
    "us": (
        r"`1234567890-= qwertyuiop[] asdfghjkl;'\ <zxcvbnm,./",
        '~!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:"| >ZXCVBNM<>?',
    ),
    "ru": (
        r"ё1234567890-= йцукенгшщзхъ фывапролджэ\ /ячсмитьбю.",
        'Ё!"№;%:?*()_+ ЙЦУКЕНГШЩЗХЪ ФЫВАПРОЛДЖЭ/ |ЯЧСМИТЬБЮ,',
    ),
    "fi": (
        "§1234567890+´ qwertyuiopå¨ asdfghjklöä' <zxcvbnm,.-",  # noqa: RUF001 (it is that key)
        '½!"#¤%&/()=?` QWERTYUIOPÅ^ ASDFGHJKLÖÄ* >ZXCVBNM;:_',
    ),
    "de": (
        "^1234567890ß´ qwertzuiopü+ asdfghjklöä# <yxcvbnm,.-",  # noqa: RUF001 (it is that key)
        r"""°!"§$%&/()=?` QWERTZUIOPÜ* ASDFGHJKLÖÄ' >YXCVBNM;:_""",
    ),
    "fr": (
        r"""²&é"'(-è_çà)= azertyuiop^$ qsdfghjklmù* <wxcvbn,;:!""",
        "~1234567890°+ AZERTYUIOP¨£ QSDFGHJKLM%µ >WXCVBN?./§",
    ),
}
_ALT_GR: dict[str, str] = {
    "us": "",
    "ru": "",
    "fi": "2@ 3£ 4$ 7{ 8[ 9] 0} +\\ e€ ¨~ <|",
    "de": "2² 3³ 7{ 8[ 9] 0} ß\\ q@ e€ +~ <| mµ",
    "fr": "é~ \"# '{ ([ -| è` _\\ ç^ à@ )] =} e€ $¤",
}
_KEYPAD = dict(
    zip(
        (71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 55, 98, 117, 121),
        "789-456+1230.*/=,",
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Key:
    """What a key gives plain, with shift and with AltGr ("" for nothing)."""

    plain: str
    shifted: str
    third: str = ""

    @property
    def is_letter(self) -> bool:
        """Say whether CapsLock means this key."""
        return self.plain.isalpha() and self.shifted == self.plain.upper()


@cache
def keys_of(layout: str) -> dict[int, Key]:
    """Give every key of a layout by its code, keypad and space included."""
    plain, shifted = (rows.replace(" ", "") for rows in _PLAIN_AND_SHIFT[layout])
    third = {pair[0]: pair[1] for pair in _ALT_GR[layout].split()}
    keys = {
        code: Key(one, other, third.get(one, ""))
        for code, one, other in zip(_CODES, plain, shifted, strict=True)
    }
    keys[SPACE] = Key(" ", " ")
    return keys | {code: Key(one, one) for code, one in _KEYPAD.items()}


def as_us(text: str, layout: str) -> str:
    """Give what a reader with US keys meant, when a desktop of another layout typed it.

    >>> as_us("И4111:ВЩУ", "ru"), as_us("é))àààà", "fr")
    ('B4111^DOE', '2--0000')
    """
    return text.translate({ord(one): us for one, us in retyping(layout, "us").items()})


@cache
def retyping(seen: str, meant: str) -> dict[str, str]:
    """Give, for each character of the layout that was seen, the one of the layout that was meant."""
    table: dict[str, str] = {}
    for one, other in zip(_PLAIN_AND_SHIFT[seen], _PLAIN_AND_SHIFT[meant], strict=True):
        for character, wanted in zip(one, other, strict=True):
            table.setdefault(character, wanted)
    return table
