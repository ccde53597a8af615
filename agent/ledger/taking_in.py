"""What a transaction does about people: members who joined here, tags attached here, boxes to hand over."""

from collections.abc import Sequence

from agent.ledger import members, people
from agent.ledger.newstaking import NewsTaking
from agent.loyalty.member import MemberFacts


class TakingIn(NewsTaking):
    """A transaction's part that knows people by pseudonym and tag alone."""

    def enrol(self, facts: MemberFacts, tags: Sequence[bytes]) -> None:
        """Know a member who joined here, until head office's own row comes; before its ENROL is appended."""
        row = members.Waiting(facts.member, self.mark("cursor"), [], facts)
        members.store(self._db, [row])
        self.attach(facts.member, tags)

    def knows_member(self, member: str) -> bool:
        """Say whether there is a row of this member, be it only that it was erased."""
        return self._one("SELECT 1 FROM member WHERE member = ?", member) is not None

    def attach(self, member: str, tags: Sequence[bytes]) -> None:
        """Let tags lead to a member, until head office says whose they are."""
        for tag in tags:
            people.attach(self._db, tag, member)

    def put_box(self, member: str, box: bytes) -> None:
        """Keep what head office alone can open, until it has it."""
        people.put_box(self._db, member, box)

    def drop_boxes(self, numbers: Sequence[int]) -> None:
        """Erase boxes that head office has; the writer then empties the log, where they would still lie."""
        people.drop_boxes(self._db, numbers)
        self.erased = True
