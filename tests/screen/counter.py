"""A desk with screens: what each shows, without a browser."""

import json
from typing import Any

from agent.config.till import Paths, Till, TillConfig
from agent.daemon.wiring import settings_of
from agent.screen.describe import describe
from agent.screen.present import Presence
from agent.screen.view import Role, View
from tests.till.desk import CARD, Desk, basket


class Counter(Desk):
    """A desk with screens."""

    def open(self) -> None:
        super().open()
        self.training = False
        config = TillConfig(till=Till("1", "1-1", "USD"), paths=Paths(state=str(self.folder)))
        self.presence = Presence(
            self.quoter,
            self.ledger.read,
            clock=self.clock,
            settings=settings_of(config),
            time_zone="Europe/Helsinki",
            hello=lambda: {**self.checkout.hello(), "training": self.training},
        )
        self.checkout.events.witness = self.presence.scene.hear

    def screen(self, role: Role = "cashier", lang: str = "en", *, reader: str = "enabled") -> View:
        return describe(self.presence.at(role, lang, [{"device": "scanner", "state": reader}]))

    def tell(self, kind: str, **data: Any) -> None:
        self.checkout.events.publish(kind, data)


def quoted(counter: Counter, **more: Any) -> Any:
    sale = basket(**more)
    return counter.call("quote", sale["receipt_id"], json.dumps(sale).encode())


def with_card(counter: Counter, number: str = CARD, **more: Any) -> Any:
    return quoted(counter, instruments=[counter.identify(number)["identification_id"]], **more)
