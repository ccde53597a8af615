"""The programme a receipt was made under: its returns are judged by that version, not by today's."""

from functools import lru_cache

from agent.errors import DocumentError
from agent.ledger.queries import Queries
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.quote import ProgrammeRef


def compiled_of(current: Compiled | None, ledger: Queries, named: ProgrammeRef) -> Compiled | None:
    """Return exactly the named version: the one in force, or one that is kept; None if neither is."""
    if current is not None and current.ref == named:
        return current
    text = ledger.programme_text(named.id, named.version)
    compiled = _compiled(text) if text is not None else None
    return compiled if compiled is not None and compiled.ref == named else None


@lru_cache(maxsize=4)
def _compiled(text: bytes) -> Compiled | None:
    try:
        return compile_programme(load_programme(text, name="programme"))
    except DocumentError:
        return None  # of a newer program, before a restore
