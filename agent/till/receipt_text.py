"""What the printer adds to the receipt: short lines in the till's language."""

from agent.loyalty.quote import Quote

_WORDS = {
    "en": {
        "rebate": "You saved",
        "earn": "Earned",
        "paid": "Paid with points",
        "balance": "Balance",
        "gift": "Gift",
    },
    "ru": {
        "rebate": "Ваша скидка",
        "earn": "Начислено",
        "paid": "Оплачено баллами",
        "balance": "Баланс",
        "gift": "Подарок",
    },
    "fi": {
        "rebate": "Säästit",
        "earn": "Kertyi",
        "paid": "Maksettu pisteillä",
        "balance": "Saldo",
        "gift": "Lahja",
    },
}
_PROVISIONAL = {"en": "(after confirmation)", "ru": "(после подтверждения)", "fi": "(vahvistuksen jälkeen)"}


_TRAINING = {"en": "TRAINING, NOT VALID", "ru": "УЧЕБНЫЙ ЧЕК, НЕДЕЙСТВИТЕЛЕН", "fi": "HARJOITUS, EI VOIMASSA"}


def receipt_text(quote: Quote, currency: str, language: str, *, training: bool = False) -> list[str]:
    """Return the lines to print; what head office is still to confirm is marked so, and what is practice."""
    words = _WORDS[language]
    saved = -sum(rebate.amount_minor for line in quote.lines for rebate in line.rebates)
    lines = [_TRAINING[language]] if training else []
    lines += [f"{words['rebate']}: {_money(saved, language)} {currency}"] if saved else []
    for wallet in quote.wallets:
        if wallet.redeem:
            lines.append(f"{words['paid']} ({wallet.wallet}): {wallet.redeem}")
        if wallet.earn:
            mark = f" {_PROVISIONAL[language]}" if wallet.provisional else ""
            lines.append(f"{words['earn']} ({wallet.wallet}): {wallet.earn}{mark}")
        if isinstance(wallet.balance, int):
            after = wallet.balance - wallet.redeem + wallet.earn
            lines.append(f"{words['balance']} ({wallet.wallet}): {after}")
    for give in quote.gives:
        mark = f" {_PROVISIONAL[language]}" if give.provisional else ""
        amount = f": {give.amount}" if give.amount else ""
        lines.append(f"{words['gift']} ({give.name}){amount}{mark}")
    return lines


def _money(minor: int, language: str) -> str:
    """Write minor units with two decimals in the language's way.

    >>> _money(1949, "en"), _money(1949, "fi")
    ('19.49', '19,49')
    """
    mark = "." if language == "en" else ","
    return f"{minor // 100}{mark}{minor % 100:02}"
