"""The door of store IT: what the commands ask, over a socket that only root may open."""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def build_admin(status: Callable[[], dict[str, Any]], *, sync_now: Callable[[], None]) -> Starlette:
    """Make the admin application."""

    async def tell(_: Request) -> Response:
        return JSONResponse(status())

    async def sync(_: Request) -> Response:
        sync_now()
        return JSONResponse({"asked": True})

    return Starlette(routes=[Route("/status", tell), Route("/sync", sync, methods=["POST"])])
