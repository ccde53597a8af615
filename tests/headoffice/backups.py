"""Books that are copied, and brought back later: what a restored backup is to head office."""

from agent.headoffice.office import Office
from tests.headoffice.till_end import StillClock


def backed_up(office: Office, clock: StillClock) -> tuple[Office, bytes]:
    """Copy the books, closed for a moment; return the office opened anew, and the copy."""
    office.close()
    copy = (office.state / "books.db").read_bytes()
    return Office(office.state, clock, serving=True), copy


def brought_back(office: Office, clock: StillClock, copy: bytes) -> Office:
    """Put the copy in the place of the books and open them."""
    office.close()
    for left in office.state.glob("books.db*"):
        left.unlink()
    (office.state / "books.db").write_bytes(copy)
    return Office(office.state, clock, serving=True)
