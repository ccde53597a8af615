"""News for tills: who changed and which programmes came, in pages by cursor."""

from agent.headoffice.members import member_with_tag, row_of
from agent.headoffice.office import Office
from agent.headoffice.publish import news_since
from agent.sync.wire import Delta, MemberAnswer, MemberRequest, NoMember, Pull


def page_for(office: Office, pull: Pull) -> Delta:
    """Return what changed since the till's cursor, at most `limit` members.

    Members and `booked_seq` are read in one view: only the last page says up to which entry of the
    asking journal these figures reach, so the till's own entries never count twice.
    """
    db = office.db
    with db.reading():
        last = office.change()
        rows = db.rows(
            "SELECT member, version FROM member WHERE version > ? ORDER BY version LIMIT ?",
            (pull.cursor, pull.limit + 1),
        )
        more = len(rows) > pull.limit
        rows = rows[: pull.limit]
        until = rows[-1]["version"] if more else last
        booked = db.row("SELECT booked_seq FROM incarnation WHERE incarnation = ?", (pull.incarnation,))
        members = [row_of(office, row["member"]) for row in rows]
        return Delta(
            from_cursor=pull.cursor,
            to_cursor=until,
            more=more,
            booked_seq=-1 if more or booked is None else booked["booked_seq"],
            members=[member for member in members if member is not None],
            programmes=news_since(office, pull.cursor, until),
        )


def look_up(office: Office, request: MemberRequest) -> MemberAnswer:
    """Answer whose card this is."""
    return member_with_tag(office, request.card_tag) or NoMember()
