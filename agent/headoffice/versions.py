"""Published programmes, ready to answer: each version is compiled once."""

from functools import lru_cache

from agent.errors import DocumentError
from agent.headoffice.store import programmes
from agent.headoffice.store.protocol import Store
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.paying import strict_vouchers
from agent.loyalty.quote import ProgrammeRef


def compiled_of(store: Store, name: str, version: int) -> Compiled | None:
    """Return a published version, None if there is none that this program can read."""
    row = programmes.programme_row(store, name, version)
    return _compiled(bytes(row["text"])) if row is not None else None


def newest(store: Store) -> Compiled | None:
    """Return the programme in force, None before the first, or if this program cannot read it."""
    row = programmes.newest_programme(store)
    return _compiled(bytes(row["text"])) if row is not None else None


def strict_at(store: Store, named: ProgrammeRef) -> list[str]:
    """Return the strict vouchers of the programme that a quote was made with."""
    compiled = compiled_of(store, named.id, named.version)
    return strict_vouchers(compiled.programme) if compiled is not None else []


@lru_cache(maxsize=16)
def _compiled(text: bytes) -> Compiled | None:
    try:
        return compile_programme(load_programme(text, name="programme"))
    except DocumentError:
        return None
