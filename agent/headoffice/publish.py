"""Publish a programme: checked, signed, immutable, and its version only rises."""

from hashlib import sha256

from agent.errors import Refused
from agent.headoffice.office import Office
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.programme import Programme
from agent.loyalty.read import load_programme
from agent.sync.wire import ProgrammeNews


def publish(office: Office, text: bytes, *, name: str) -> Programme:
    """Publish the programme in `text`; publishing the same bytes again changes nothing.

    Raises:
        DocumentError: every mistake of the file.
        Refused: its version does not rise, or the same version says something else.
    """
    programme = load_programme(text, name=name)
    compile_programme(programme)
    digest = sha256(text).hexdigest()
    with office.db.writing():
        latest = office.db.row(
            "SELECT version, sha256 FROM programme WHERE id = ? ORDER BY version DESC LIMIT 1",
            (programme.id,),
        )
        if latest is not None and (latest["version"], latest["sha256"]) == (programme.version, digest):
            return programme
        if latest is not None and programme.version <= latest["version"]:
            raise Refused(
                "version_must_rise",
                f"{programme.id} version {latest['version']} is published; {programme.version} does not rise",
                remedy=f"set version = {latest['version'] + 1}",
            )
        office.db.run(
            "INSERT INTO programme VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                programme.id,
                programme.version,
                digest,
                office.publisher.sign(digest.encode()),
                text,
                office.now_ms(),
                office.next_change(),
            ),
        )
    return programme


def news_since(office: Office, change: int, until: int) -> list[ProgrammeNews]:
    """Return what was published in (change, until], oldest first."""
    rows = office.db.rows(
        "SELECT id, version, sha256, signature, published_ms FROM programme WHERE change > ? AND change <= ?"
        " ORDER BY change",
        (change, until),
    )
    return [
        ProgrammeNews(row["id"], row["version"], row["sha256"], bytes(row["signature"]), row["published_ms"])
        for row in rows
    ]


def blob(office: Office, digest: str) -> bytes | None:
    """Return the published bytes with this sha256."""
    row = office.db.row("SELECT text FROM programme WHERE sha256 = ?", (digest,))
    return None if row is None else bytes(row["text"])


class Programmes:
    """Every published programme, compiled when first asked for."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._compiled: dict[tuple[str, int, str], Compiled] = {}

    def get(self, identifier: str, version: int, content_hash: str) -> Compiled | None:
        """Return the programme of a receipt, None if head office never published exactly that."""
        key = (identifier, version, content_hash)
        if key not in self._compiled:
            row = self._office.db.row(
                "SELECT text FROM programme WHERE id = ? AND version = ?", (identifier, version)
            )
            if row is None:
                return None
            programme = load_programme(bytes(row["text"]), name=f"{identifier}.toml")
            if programme.hash != content_hash:
                return None
            self._compiled[key] = compile_programme(programme)
        return self._compiled[key]
