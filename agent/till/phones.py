"""A phone number as people say it, written one way: E.164, so that it is the same tag at every till."""

from agent.errors import Refused


def normalised(text: str, region: str) -> str:
    """Return `+` and digits; `region` (ISO 3166, "FI") is where a number without a country code is from.

    Raises:
        Refused: it is no phone number, or this till has not got the extra `[phone]`.
    """
    try:
        import phonenumbers  # noqa: PLC0415 - 60 ms, and few sales ask for it
    except ImportError:
        raise Refused("unreadable", "install loyalty-agent[phone] to take phone numbers") from None
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise Refused("unreadable", "this is no phone number", remedy="ask the customer again")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
