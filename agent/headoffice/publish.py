"""Publish a programme: checked, signed, and announced to every till with its next pull (step 9)."""

from hashlib import sha256
from typing import NamedTuple

from agent.errors import DocumentError, Mistake
from agent.headoffice.directory import directory_blob
from agent.headoffice.office import Office
from agent.headoffice.store import programmes
from agent.headoffice.store.protocol import Row
from agent.headoffice.store.settings import next_change
from agent.loyalty.compile import compile_programme
from agent.loyalty.language.read import load_programme, with_lines
from agent.loyalty.language.sanity import Caps, too_generous
from agent.sync.announced import ProgrammeNews


class Published(NamedTuple):
    """A programme version as tills will know it."""

    id: str
    version: int
    sha256: str
    is_new: bool


def publish(office: Office, text: bytes, *, name: str, caps: Caps | None = None) -> Published:
    """Sign a programme and let tills fetch it; the same text again changes nothing.

    `caps` are what a rule may give away at most; the defaults if none are named.

    Raises:
        DocumentError: the file's mistakes, all at once; a version that does not rise; rates beyond the caps.
        LedgerReadOnly: the books cannot be written now.
    """
    programme = load_programme(text, name=name)
    compile_programme(programme)  # what a till could not run must not leave the house
    digest = sha256(text).hexdigest()
    store = office.store
    with store.writing():
        known = programmes.programme_row(store, programme.id, programme.version)
        if known is not None and known["sha256"] == digest:
            return Published(programme.id, programme.version, digest, is_new=False)
        highest = programmes.highest_version(store, programme.id)
        if programme.version <= highest:
            values = {"version": programme.version, "published": highest}
            remedy = f"give it a version above {highest}: what was published never changes"
            raise DocumentError(name, [Mistake("/programme/version", "version_must_rise", values, remedy)])
        if mistakes := with_lines(too_generous(programme.text, caps or Caps()), text, name=name):
            raise DocumentError(name, mistakes)
        programmes.add_programme(
            store,
            (programme.id, programme.version),
            text,
            sha256=digest,
            signature=office.publisher.sign(digest.encode()),
            now_ms=office.now_ms(),
            change=next_change(store),
        )
    return Published(programme.id, programme.version, digest, is_new=True)


def blob(office: Office, digest: str) -> bytes | None:
    """Return what was published under a SHA-256: a programme or a part of a directory; None if nothing."""
    row = programmes.programme_by_hash(office.store, digest)
    return directory_blob(office.state, digest) if row is None else bytes(row["text"])


def news(row: Row) -> ProgrammeNews:
    """Return how a till hears of a programme."""
    return ProgrammeNews(row["id"], row["version"], row["sha256"], bytes(row["signature"]))
