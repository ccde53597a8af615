"""How this till stands, in one document: for `loyalty-agent status`, the doctor and head office's eyes."""

from typing import Any

from agent import __version__
from agent.clock import Clock
from agent.ledger import loans
from agent.ledger.borrowed import RECEIVED
from agent.ledger.ledger import Ledger
from agent.ledger.reader import Reader
from agent.loyalty.language.programme import Programme
from agent.loyalty.offline import till_loss
from agent.sync.state import SyncState


def status_of(
    ledger: Ledger,
    sync: SyncState,
    *,
    clock: Clock,
    programme_words: Programme | None,
    devices: list[dict[str, Any]],
    problems: list[str],
    pool: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the status document.

    `worst_offline_loss` is the most points of each limited wallet that this till can let go beyond
    allowances before head office books it, `beyond_allowances` what it let go so far; {}: none is limited.
    """
    stands = ledger.status()
    programme = ledger.read.programme()
    now_ms = int(clock.now().timestamp() * 1000)
    contact_ms = sync.last_contact_ms or ledger.read.mark("last_contact_ms")
    return {
        "version": __version__,
        "mode": mode_of(ledger, sync),
        "programme": None if programme is None else {"id": programme.id, "version": programme.version},
        "ledger": {
            **stands._asdict(),
            "let_go": ledger.read.mark("compacted"),
            "file_bytes": ledger.file_bytes(),
            "oldest_unsent_age_s": _age_s(ledger.read.oldest_unsent_ms(), now_ms),
            "idle_check": ledger.idle_check.as_json(),
        },
        "sync": {
            "online": sync.online,
            "epoch": sync.epoch,
            "fenced": sync.fenced,
            "alarm": sync.alarm,
            "backlog": stands.backlog,
            "cursor": ledger.read.mark("cursor"),
            "last_contact_age_s": _age_s(contact_ms or None, now_ms),
        },
        "pool": pool or {"role": "none"},
        "held": ledger.read.held_by_purpose(),
        "devices": devices,
        **beyond_of(ledger.read, programme_words),
        "problems": problems,
    }


def beyond_of(reader: Reader, programme: Programme | None) -> dict[str, dict[str, int]]:
    """Return the worst loss of this till and what it has let go, for each limited wallet."""
    wallets = programme.text.wallet if programme is not None else {}
    limited = {name: one.offline for name, one in sorted(wallets.items()) if one.offline.mode == "limited"}
    members = reader.most_members() if limited else 0
    gone = {name: reader.beyond(name).points for name in limited}
    # What went by an earlier programme with higher caps is gone all the same.
    worst = {name: max(till_loss(words, members), gone[name]) for name, words in limited.items()}
    return {"worst_offline_loss": worst, "beyond_allowances": gone}


def pool_status(role: str, ledger: Ledger, state: SyncState | None) -> dict[str, Any]:
    """Return this till's part in the store's pool: what a pool has lent, or how a member stands with it."""
    if role == "pool":
        count, journals = loans.lent_out(ledger.read)
        return {"role": role, "peers": loans.peers(ledger.read), "loans": count, "journals": journals}
    if state is None:
        return {"role": role, "online": False, "alarm": "" if role == "none" else "not enrolled"}
    return {
        "role": role,
        "online": state.online,
        "alarm": state.alarm,
        "reason": state.reason,
        "pushed": ledger.read.mark(RECEIVED),
        "fenced": state.fenced,
    }


def _age_s(since_ms: int | None, now_ms: int) -> int | None:
    return None if since_ms is None else max(0, (now_ms - since_ms) // 1000)


def mode_of(ledger: Ledger, sync: SyncState) -> str:
    """Return online, offline, degraded (spending stopped) or read_only."""
    stands = ledger.status()
    if not stands.writable:
        return "read_only"
    if stands.frozen or sync.alarm:
        return "degraded"
    return "online" if sync.online else "offline"
