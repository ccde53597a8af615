"""A till joins: one one-time code, a key made here, and the answer stored as credentials."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import Rejected
from agent.sync.client import Client, ClientSettings
from agent.sync.credentials import Credentials, Enrolment
from agent.sync.wire import EnrolAnswer, Enrolled, EnrolRequest, Refusal, Retry

KEY_BYTES = 32


async def enrol(settings: ClientSettings, code: str, *, key: Ed25519PrivateKey | None = None) -> Credentials:
    """Enrol with `code`; the key (made here if none is given) is bound to it.

    Raises:
        Unreachable: head office did not answer; it may have heard us, so repeat with the same key.
        Rejected: the code is unknown, used or too old, or head office is busy.
    """
    key = key or Ed25519PrivateKey.generate()
    client = Client(settings)
    try:
        request = EnrolRequest(code=code, public_key=key.public_key().public_bytes_raw())
        answer: EnrolAnswer | Retry = await client.send(request, EnrolAnswer)
    finally:
        await client.close()
    match answer:
        case Enrolled(till=till, store=store, fleet_key=fleet_key, publisher_key=publisher_key):
            if {len(fleet_key), len(publisher_key)} != {KEY_BYTES}:
                raise Rejected("head office answered with keys of another length", remedy="update the agent")
            enrolment = Enrolment(till=till, store=store, url=settings.url, publisher_key=publisher_key.hex())
            return Credentials(enrolment, key, fleet_key)
        case Refusal(detail=detail):
            raise Rejected(f"head office refused the code: {detail}", remedy="ask head office for a new one")
        case Retry():
            raise Rejected("head office is busy", remedy="try again in a minute")
