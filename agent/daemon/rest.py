"""What a start imports once the POS is answered: the network, the web framework, and what stands on them."""

import starlette.responses  # noqa: F401 - the stream of events asks for it

from agent.daemon.admin import build_admin
from agent.daemon.connection import connect

__all__ = ["build_admin", "connect"]
