"""Standard test numbers of payment schemes: they belong to nobody, and every one of them must be refused."""

TEST_PANS = {
    "visa": ("4111111111111111", "4012888888881881", "4222222222222", "4000000000000000006"),
    "mastercard": ("5555555555554444", "5105105105105100", "2223003122003222"),
    "amex": ("378282246310005", "371449635398431"),
    "diners": ("30569309025904", "38520000023237", "36227206271667"),
    "jcb": ("3530111333300000", "3566002020360505"),
    "discover": ("6011111111111117", "6011000990139424"),
    "unionpay": ("6200000000000005", "8171999927660000"),
    "maestro": ("6759649826438453", "5018000000000009"),
    "mir": ("2200000000000004",),
}
ALL_PANS = [pan for pans in TEST_PANS.values() for pan in pans]


def holds_digits_of(text: str, pan: str, *, run: int = 6) -> bool:
    """Say whether a text holds any `run` neighbouring digits of a number."""
    return any(pan[at : at + run] in text for at in range(len(pan) - run + 1))
