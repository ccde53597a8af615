"""What of the POS interface is no JSON document: the stream of events, the health check, and wrong paths."""

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.till.checkout import Checkout
from agent.till.guard import App
from agent.till.problem import CONTENT_TYPE, problem


def other_routes(checkout: Checkout) -> App:
    """Make the application behind the calls that are routed by hand."""

    async def events(request: Request) -> Response:
        last = request.headers.get("last-event-id", "")
        return StreamingResponse(
            checkout.events.follow(last),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def nothing_here(request: Request, _: Exception) -> Response:
        told = problem("not_found", f"there is no {request.method} {request.url.path}")
        return Response(msgspec.json.encode(told), told.status, media_type=CONTENT_TYPE.decode())

    async def healthy(_: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    return Starlette(
        routes=[Route("/v1/events", events), Route("/healthz", healthy)],
        exception_handlers={404: nothing_here, 405: nothing_here},
    )
