"""An age that a cashier confirmed at a till is known here, so head office judges by the same facts."""

from agent.headoffice.members import show
from agent.headoffice.office import Office
from tests.headoffice.till_end import TillEnd, book


def test_an_age_confirmed_at_a_till_is_a_members_from_that_day(office: Office, till: TillEnd) -> None:
    data = {"tags": ["00" * 16], "by": "card", "language": "fi", "of_age_from": {"18": "2026-11-24"}}
    till.add("ENROL", account="m-new", at="2026-11-24T12:00:00+02:00", data=data)
    till.push(office)
    book(office)
    assert show(office, "m-new")["facts"]["of_age_from"] == {"18": "2026-11-24"}
