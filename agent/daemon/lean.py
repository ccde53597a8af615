"""Imports without guests: libraries that others bring in only because they happen to be installed.

structlog imports rich (and with it pygments) to colour what a person reads on a screen, and uvicorn
imports watchfiles to start anew when its source changes.  A till does neither, and its start would pay a
tenth of a second for them.  A name that is `None` in sys.modules is one that cannot be imported.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

GUESTS = ("rich", "better_exceptions", "watchfiles", "dotenv")


@contextmanager
def without_guests() -> Iterator[None]:
    """Let none of them in, and collect no garbage, since imports leave none; afterwards both may be."""
    kept_out = [name for name in GUESTS if name not in sys.modules]
    gc.disable()
    sys.modules.update(dict.fromkeys(kept_out))  # type: ignore[arg-type]  # None is what the import system knows
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        for name in kept_out:
            del sys.modules[name]
