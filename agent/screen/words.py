"""Texts, numbers and money in the language of who looks: gettext catalogues, and formats of our own.

English is written in the source; `agent/locale/LANGUAGE/LC_MESSAGES/loyalty-agent.po` translate it and
`scripts/build_catalogs.py` compiles them when the package is built.  Babel is not here at run time; a test
compares our formats with it.
"""

from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from agent.loyalty.explain import LANGUAGES, money

CATALOGUE = "loyalty-agent.mo"
SOURCE = "en"
SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
"""Signs that all three languages write instead of the code; the ruble's is written in Russian only."""
_NO_BREAK = "\N{NO-BREAK SPACE}"


class Words:
    """One language: `text` and `count` translate, the rest writes numbers its way."""

    def __init__(self, lang: str, catalogue: NullTranslations) -> None:
        self.lang = lang
        self.text = catalogue.gettext
        self.count = catalogue.ngettext

    def price(self, minor: int, currency: str, digits: int = 2) -> str:
        """Write an amount with its currency, as the language does (CLDR, standard format).

        >>> words_of("en").price(123456, "EUR"), words_of("fi").price(50, "EUR").split()
        ('€1,234.56', ['0,50', '€'])
        """
        amount = money(abs(minor), self.lang, digits=digits)
        sign = "\N{MINUS SIGN}" if minor < 0 else ""
        symbol = "₽" if (currency, self.lang) == ("RUB", "ru") else SYMBOLS.get(currency, currency)
        if self.lang != SOURCE:
            return f"{sign}{amount}{_NO_BREAK}{symbol}"
        return f"{sign}{symbol}{_NO_BREAK if symbol == currency else ''}{amount}"

    def moment(self, at: datetime, now: datetime) -> str:
        """Write a moment: the time of today, else the day too; both are local.

        >>> noon = datetime(2026, 11, 24, 12, 5)
        >>> words_of("fi").moment(noon, noon), words_of("ru").moment(noon, noon.replace(day=25))
        ('12.05', '24.11.2026, 12:05')
        """
        clock = f"{at.hour}.{at:%M}" if self.lang == "fi" else f"{at:%H:%M}"
        if at.date() == now.date():
            return clock
        match self.lang:
            case "fi":
                return f"{at.day}.{at.month}.{at.year} {clock}"
            case "ru":
                return f"{at:%d.%m.%Y}, {clock}"
            case _:
                return f"{at:%Y-%m-%d}, {clock}"


@cache
def words_of(lang: str) -> Words:
    """Return a language's words; one that we do not speak reads English.

    >>> words_of("ru").text("Ready for a card"), words_of("sv").lang
    ('Готово: приложите карту', 'en')
    """
    if lang not in LANGUAGES or lang == SOURCE:
        return Words(SOURCE, NullTranslations())
    catalogue = files("agent").joinpath("locale", lang, "LC_MESSAGES", CATALOGUE)
    with catalogue.open("rb") as compiled:
        return Words(lang, GNUTranslations(compiled))
