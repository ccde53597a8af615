"""What a cashier reads when a call fails: a sentence for each code, and one for what to do now."""

from types import MappingProxyType

LANGUAGES = ("en", "ru", "fi")

SENTENCES: MappingProxyType[str, tuple[str, str, str]] = MappingProxyType(
    {
        "malformed": (
            "The till program sent something that cannot be understood.",
            "Кассовая программа прислала непонятные данные.",
            "Kassaohjelma lähetti tietoja, joita ei ymmärretä.",
        ),
        "not_allowed": (
            "This program may not use the loyalty service.",
            "Этой программе нельзя обращаться к службе лояльности.",
            "Tämä ohjelma ei saa käyttää kanta-asiakaspalvelua.",
        ),
        "no_token": (
            "This program may not use the loyalty service.",
            "Этой программе нельзя обращаться к службе лояльности.",
            "Tämä ohjelma ei saa käyttää kanta-asiakaspalvelua.",
        ),
        "not_found": (
            "The loyalty service does not know this request.",
            "Служба лояльности не знает такого запроса.",
            "Kanta-asiakaspalvelu ei tunne tätä pyyntöä.",
        ),
        "method_not_allowed": (
            "The loyalty service does not know this request.",
            "Служба лояльности не знает такого запроса.",
            "Kanta-asiakaspalvelu ei tunne tätä pyyntöä.",
        ),
        "receipt_unknown": (
            "This till does not know the receipt.",
            "Эта касса не знает такого чека.",
            "Tämä kassa ei tunne kuittia.",
        ),
        "no_sale": (
            "No sale is being rung up.",
            "Сейчас нет открытой продажи.",
            "Yhtään ostosta ei ole kesken.",
        ),
        "timeout": (
            "The request did not arrive in time.",
            "Запрос не пришёл вовремя.",
            "Pyyntö ei saapunut ajoissa.",
        ),
        "receipt_conflict": (
            "This receipt is booked already, with other content.",
            "Этот чек уже проведён, содержание было другое.",
            "Kuitti on jo kirjattu toisensisältöisenä.",
        ),
        "wrong_state": (
            "The receipt is past that: it is paid, cancelled or returned.",
            "Для этого чека уже поздно: он оплачен, отменён или возвращён.",
            "Kuitille ei voi enää tehdä tätä: se on maksettu, peruttu tai palautettu.",
        ),
        "too_large": (
            "The receipt is too long for the loyalty service.",
            "Чек слишком велик для службы лояльности.",
            "Kuitti on liian suuri kanta-asiakaspalvelulle.",
        ),
        "currency_mismatch": (
            "The sale is in another currency than this till.",
            "Продажа в другой валюте, чем касса.",
            "Myynti on eri valuutassa kuin kassa.",
        ),
        "receipt_id_mismatch": (
            "The till program mixed up two receipts.",
            "Кассовая программа перепутала чеки.",
            "Kassaohjelma sekoitti kaksi kuittia.",
        ),
        "payment_card_refused": (
            "This is a payment card, not a loyalty card.",
            "Это банковская карта, не карта лояльности.",
            "Tämä on maksukortti, ei kanta-asiakaskortti.",
        ),
        "unreadable": (
            "This number is not a loyalty card.",
            "Этот номер — не карта лояльности.",
            "Tämä numero ei ole kanta-asiakaskortti.",
        ),
        "claim_too_late": (
            "It is too late to add this receipt to a card at the till.",
            "Привязать этот чек к карте на кассе уже нельзя.",
            "Kuittia ei voi enää liittää korttiin kassalla.",
        ),
        "too_many_claims": (
            "This card took several receipts within an hour.",
            "Эта карта за час получила уже несколько чеков.",
            "Kortille on liitetty jo useita kuitteja tunnin aikana.",
        ),
        "member_unknown": (
            "No member belongs to this card.",
            "По этой карте участник не найден.",
            "Kortille ei löydy kanta-asiakasta.",
        ),
        "cannot_enrol": (
            "Nobody can join at this till right now.",
            "Сейчас на этой кассе вступить в программу нельзя.",
            "Ohjelmaan ei voi nyt liittyä tällä kassalla.",
        ),
        "age_to_confirm": (
            "The programme has an age limit: look at a document, then confirm the age.",
            "Вступление ограничено по возрасту: проверьте документ и подтвердите возраст.",
            "Ohjelmassa on ikäraja: tarkista henkilöllisyystodistus ja vahvista ikä.",
        ),
        "second_factor_needed": (
            "Points are spent with the card only, not with a phone number.",
            "Списать баллы можно только по карте, не по номеру телефона.",
            "Pisteitä voi käyttää vain kortilla, ei puhelinnumerolla.",
        ),
        "card_taken": (
            "This card belongs to another customer.",
            "Эта карта принадлежит другому покупателю.",
            "Kortti kuuluu toiselle asiakkaalle.",
        ),
        "etag_mismatch": (
            "The sale changed since it was last reckoned.",
            "Продажа изменилась после последнего расчёта.",
            "Ostos on muuttunut viime laskelman jälkeen.",
        ),
        "hold_too_large": (
            "The customer cannot spend that many points here now.",
            "Столько баллов сейчас списать нельзя.",
            "Näin montaa pistettä ei voi käyttää nyt.",
        ),
        "return_too_large": (
            "More is coming back than was sold.",
            "Возвращают больше, чем было продано.",
            "Palautus on suurempi kuin myynti.",
        ),
        "too_many_connections": (
            "The loyalty service is busy.",
            "Служба лояльности занята.",
            "Kanta-asiakaspalvelu on kiireinen.",
        ),
        "too_many_unknown_cards": (
            "Too many unknown cards in one minute.",
            "Слишком много неизвестных карт за минуту.",
            "Liian monta tuntematonta korttia minuutissa.",
        ),
        "ledger_read_only": (
            "Points cannot be booked at this moment.",
            "Сейчас баллы провести нельзя.",
            "Pisteitä ei voi kirjata juuri nyt.",
        ),
        "busy": (
            "The loyalty service could not answer.",
            "Служба лояльности не смогла ответить.",
            "Kanta-asiakaspalvelu ei pystynyt vastaamaan.",
        ),
    }
)

ACTIONS: MappingProxyType[str, tuple[str, str, str]] = MappingProxyType(
    {
        "call_help": (
            "Sell without points and call for help.",
            "Продавайте без баллов и позовите помощь.",
            "Myy ilman pisteitä ja pyydä apua.",
        ),
        "continue_without": (
            "Go on without points.",
            "Продолжайте без баллов.",
            "Jatka ilman pisteitä.",
        ),
        "retry": ("Try once more.", "Попробуйте ещё раз.", "Yritä uudelleen."),
        "choose_less": ("Choose fewer points.", "Выберите меньше баллов.", "Valitse vähemmän pisteitä."),
        "ask_customer": (
            "Ask for the loyalty card.",
            "Попросите карту лояльности.",
            "Pyydä kanta-asiakaskorttia.",
        ),
    }
)


def language_of(accept_language: str, default: str) -> str:
    """Return the language of ours that an Accept-Language field likes best (RFC 9110 §12.5.4).

    >>> language_of("de, ru;q=0.8, en;q=0.9", "fi"), language_of("*", "fi"), language_of("fi-FI", "en")
    ('en', 'fi', 'fi')
    """
    best, best_weight = default, 0.0
    for part in accept_language.split(","):
        name, _, parameters = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    key, _, value = parameters.strip().partition("=")
    if not key:
        return 1.0
    try:
        return float(value) if key == "q" else 0.0
    except ValueError:
        return 0.0
