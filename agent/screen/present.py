"""Everything a screen is made of at one moment: the scene, and what its names mean just now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.ledger.reader import Reader
from agent.ledger.records import StoredReceipt
from agent.loyalty.explain import points_in_words
from agent.loyalty.language.programme import Programme
from agent.loyalty.member import MemberFacts
from agent.screen.scene import Scene
from agent.screen.view import Role
from agent.screen.words import Words, words_of
from agent.till.quote import Agreed, Quoter, TillSettings
from agent.till.shown import is_bare


@dataclass(frozen=True, slots=True)
class Present:
    """One moment for one who looks; `contact` is when head office was last heard, all times are local."""

    role: Role
    words: Words
    scene: Scene
    settings: TillSettings
    hello: dict[str, Any]
    devices: list[dict[str, Any]]
    programme: Programme | None
    card: dict[str, Any]
    member: str
    facts: MemberFacts | None
    agreed: Agreed | None
    stored: StoredReceipt | None
    is_before_anonymous: bool
    now: datetime
    contact: datetime | None

    @property
    def digits(self) -> int:
        """The decimals of the till's money."""
        return self.programme.text.programme.minor_digits if self.programme else 2

    @property
    def shows_card(self) -> bool:
        """Whether the basket was quoted with the card that lies here."""
        return self.agreed is not None and bool(self.member) and self.agreed.member == self.member

    def shows_balance(self, wallet: str) -> bool:
        """Say whether a balance may stand here: to a bare number, only what its identification told."""
        told = {one["wallet"] for one in self.card.get("wallets", [])}
        return not self.card.get("confirm") or wallet in told

    def price(self, minor: int) -> str:
        """Write an amount of the till's currency."""
        return self.words.price(minor, self.settings.currency, self.digits)

    def points(self, number: int, wallet: str) -> str:
        """Write so many points of a wallet."""
        if self.programme is None:
            return str(number)
        return points_in_words(number, wallet, self.programme, self.words.lang)


class Presence:
    """Looks things up for a screen that asks; `time_zone` is that of the clock on its wall."""

    def __init__(
        self,
        quoter: Quoter,
        reader: Reader,
        *,
        clock: Clock,
        settings: TillSettings,
        time_zone: str,
        hello: Callable[[], dict[str, Any]],
    ) -> None:
        self.scene = Scene()
        self._quoter = quoter
        self._reader = reader
        self._clock = clock
        self._settings = settings
        self._zone = ZoneInfo(time_zone)
        self._hello = hello

    def at(self, role: Role, lang: str, devices: list[dict[str, Any]]) -> Present:
        """Return the present moment in a language; an empty one is the till's."""
        scene, hello = self.scene.now(), self._hello()
        compiled = self._quoter.programme()
        agreed = self._quoter.remembered(scene.receipt)
        card = scene.card or _card_of(agreed)
        member = card.get("member") or self._member(card)
        today = self._clock.now().astimezone(compiled.zone if compiled else UTC).date()
        now = self._clock.now().astimezone(self._zone)
        age_s = hello["data_age_s"]
        return Present(
            role=role,
            words=words_of(lang or self._settings.language),
            scene=scene,
            settings=self._settings,
            hello=hello,
            devices=devices,
            programme=compiled.programme if compiled else None,
            card=card,
            member=member,
            facts=self._reader.facts(member, today) if member else None,
            agreed=agreed,
            stored=self._reader.receipt(scene.receipt) if scene.is_over else None,
            is_before_anonymous=self._is_anonymous(scene.before or scene.late.get("open_receipt", "")),
            now=now,
            contact=None if age_s is None else now - timedelta(seconds=age_s),
        )

    def _member(self, card: dict[str, Any]) -> str:
        opened = self._quoter.seal.open(card.get("identification_id", ""))
        return opened.member if opened else ""

    def _is_anonymous(self, receipt: str) -> bool:
        """Say whether a receipt was paid and is nobody's."""
        stored = self._reader.receipt(receipt) if receipt else None
        return stored is not None and stored.state == "committed" and not stored.member


def _card_of(agreed: Agreed | None) -> dict[str, Any]:
    """Return the card that a basket came with, where its event is long over: a parked sale, a new start."""
    if agreed is None or agreed.identification is None:
        return {}
    known = agreed.identification
    result = "identified" if known.member else "unknown"
    card = {"result": result, "masked": known.masked, "member": known.member}
    return {**card, "confirm": True} if is_bare(known) else card
