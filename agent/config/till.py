"""The till's configuration: every key with its unit, default and reason (config/README.md shows the same)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._~-]+$")]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]


class Till(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who this till is and what it speaks."""

    store: Name
    till: Name
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    time_zone: str = "UTC"
    language: Literal["en", "ru", "fi"] = "en"
    training: bool = False


class Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things lie; a service has these made by systemd."""

    state: str = "/var/lib/loyalty-agent"
    run: str = "/run/loyalty"
    credentials: str = "/etc/loyalty-agent/credentials"


class HeadOffice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where head office answers, and how to know that it is the real one."""

    url: str = ""
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    deadline_s: Seconds = 10.0


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often news is asked for, and how long a customer may wait for head office."""

    pull_interval_s: Seconds = 1.0
    online_wait_ms: Milliseconds = 300


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the till itself keeps what head office has booked."""

    keep_days: Annotated[int, Meta(ge=1, le=3650)] = 90


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This till's part in the store's pool: none, the pool itself, or a member that borrows from it."""

    role: Literal["none", "pool", "member"] = "none"
    listen: Annotated[str, Meta(max_length=64)] = ""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8475
    interface: Annotated[str, Meta(max_length=15, pattern=r"^[A-Za-z0-9._:-]*$")] = ""
    url: str = ""
    ca_file: str = ""
    certificate: str = ""
    key: str = ""


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reader."""

    name: Name
    driver: Literal["serial_scanner", "keyboard_scanner", "stripe_reader", "card_reader"]
    port: Annotated[str, Meta(pattern="^(/.*)?$")] = ""
    reader: Annotated[str, Meta(min_length=1, max_length=128)] = "*"
    baud: Annotated[int, Meta(ge=300, le=4_000_000)] = 9600
    stripe: bool = False
    idle_ms: Annotated[int, Meta(ge=1, le=10_000)] = 100
    layout: Literal["us", "ru", "fi", "de", "fr"] = "us"


class Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One range of numbers that are ours, and what they are."""

    kind: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
    prefix: Annotated[str, Meta(pattern="^[0-9A-Z]{1,64}$")]
    length: Annotated[int, Meta(ge=1, le=64)]
    check: Literal["ean", "luhn", "verhoeff", "damm", "mod_97_10", "mod_11_10", "mod_37_36", "none"] = "ean"
    ai: Annotated[str, Meta(pattern="^([0-9]{2,4})?$")] = ""


class Codes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is a card beyond the number ranges: links, codes that change, chips."""

    link_hosts: list[Annotated[str, Meta(pattern=r"^[a-z0-9.-]{1,253}$")]] = []
    keys: dict[str, Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]] = {}
    one_time_pattern: str = ""
    one_time_secret: str = ""
    one_time_digits: Annotated[int, Meta(ge=6, le=8)] = 8
    one_time_period_s: Annotated[int, Meta(ge=10, le=300)] = 30
    uids: bool = True
    single_uids: bool = False
    card_aid: Annotated[str, Meta(pattern="^([0-9A-Fa-f]{2}){0,16}$")] = ""
    card_short_id: Annotated[int, Meta(ge=0, le=30)] = 0
    pos_layout: Literal["us", "ru", "fi", "de", "fr"] = "us"


class Pos(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The doors of the POS: the Unix socket always, loopback only if asked for."""

    loopback: bool = False
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8470
    tokens_file: str = "/etc/loyalty-agent/pos-tokens"
    origins: list[str] = []
    clock_tolerance_s: Seconds = 86_400.0
    claim_minutes: Annotated[int, Meta(ge=0, le=1440)] = 15
    phone_region: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] = ""
    phone_redeem: bool = False
    phone_balance_most: Annotated[int, Meta(ge=0, le=2**53)] = 0
    greeting: bool = False


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is told."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class TillConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    till: Till
    paths: Paths = Paths()
    head_office: HeadOffice = HeadOffice()
    sync: Sync = Sync()
    ledger: Ledger = Ledger()
    pos: Pos = Pos()
    log: Log = Log()
    device: list[Device] = []
    numbers: list[Numbers] = []
    codes: Codes = Codes()
    pool: Pool = Pool()
