"""What a start imports once the POS is answered: the network, the web framework, and what stands on them."""

from agent.daemon.admin import build_admin
from agent.daemon.connection import connect
from agent.till.others import other_routes

__all__ = ["build_admin", "connect", "other_routes"]
