"""The words of the points side: members, wallets, gifts, enrolment."""

MISSING_POINTS: dict[str, dict[str, str]] = {
    "en": {
        "age": "from the age of {age}",
        "choice": "the customer chose otherwise",
        "bought": "not bought before",
        "not_bought": "bought before",
        "sequence": "step {step} of {of}",
        "draw": "not drawn this time",
        "pays": "not paid with these points",
        "visits": "{count} to go",
    },
    "ru": {
        "age": "возраст от {count}",
        "choice": "покупатель выбрал другое",
        "bought": "раньше не покупалось",
        "not_bought": "уже покупалось",
        "sequence": "шаг {step} из {of}",
        "draw": "в этот раз не выпало",
        "pays": "оплата не этими баллами",
        "visits": "осталось: {count}",
    },
    "fi": {
        "age": "{age} vuotta täyttäneille",
        "choice": "asiakas valitsi toisin",
        "bought": "ei ostettu aiemmin",
        "not_bought": "ostettu jo aiemmin",
        "sequence": "vaihe {step}/{of}",
        "draw": "ei osunut arvonnassa",
        "pays": "ei makseta näillä pisteillä",
        "visits": "jäljellä {count}",
    },
}
PHRASES_POINTS: dict[str, dict[str, str]] = {
    "en": {
        "applied_value": "{money} paid",
        "applied_into": "{points} passed on",
        "applied_into_money": "{points} turned into {money}",
        "prompt_confirm_payment": "Ask the customer: pay with {points}?",
        "prompt_say": "{title}",
        "prompt_next_tier": "{count} more{window} and you are {tier}",
        "enrol": "Joining",
    },
    "ru": {
        "applied_value": "оплачено {money}",
        "applied_into": "переведено: {points}",
        "applied_into_money": "обменяно на {money} ({points})",
        "prompt_confirm_payment": "Спросите покупателя, списать ли: {points}",
        "prompt_say": "{title}",
        "prompt_next_tier": "Ещё {count}{window}, и ваш уровень: {tier}",
        "enrol": "Вступление",
    },
    "fi": {
        "applied_value": "maksettu {money}",
        "applied_into": "siirretty: {points}",
        "applied_into_money": "vaihdettu {money} ({points})",
        "prompt_confirm_payment": "Kysy asiakkaalta: maksetaanko {points}?",
        "prompt_say": "{title}",
        "prompt_next_tier": "Vielä {count}{window}, niin tasosi on {tier}",
        "enrol": "Liittyminen",
    },
}
UNITS_POINTS: dict[str, dict[str, tuple[str, str, str]]] = {
    "en": {"visits": ("visit", "visits", "visits"), "years": ("year", "years", "years")},
    "ru": {"visits": ("посещение", "посещения", "посещений"), "years": ("год", "года", "лет")},
    "fi": {"visits": ("käynti", "käyntiä", "käyntiä"), "years": ("vuosi", "vuotta", "vuotta")},
}
WINDOWS: dict[str, dict[str, str]] = {
    "en": {"calendar_year": " this year", "calendar_month": " this month"},
    "ru": {"calendar_year": " в этом году", "calendar_month": " в этом месяце"},
    "fi": {"calendar_year": " tänä vuonna", "calendar_month": " tässä kuussa"},
}
"""When a tier's window ends, said after what is missing; others have no end that a customer would know."""
