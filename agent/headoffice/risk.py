"""What limited spending may cost the chain at most, what it has cost, and what was given up.

The worst loss of a till is in the programme's own numbers; a till counts while its journal may still say
something: out of contact now, or the last word of a fenced one not known to be the last.
"""

from typing import Any

from agent.headoffice.lost import company_loss
from agent.headoffice.office import Office
from agent.headoffice.store import debts, members, programmes, tills
from agent.headoffice.store.protocol import Row
from agent.loyalty.language.programme import Offline
from agent.loyalty.language.read import load_programme
from agent.loyalty.offline import till_loss, worst_loss

OUT_OF_CONTACT_MS = 10 * 60 * 1000
"""A till pulls every few seconds: one that is silent for so long sells on its own."""


def risk(office: Office) -> dict[str, Any]:
    """Return the worst loss now and with every till cut off, the realised one, and the company's loss.

    Points of each limited wallet.  `realised` is what tills let go beyond what members had: `owed` is
    still to come back, `forgiven` will not; `paid` came from balances and later earning.
    """
    counts = members.member_count(office.store)
    live = [row for row in tills.journals(office.store) if row["state"] in {"ACTIVE", "FENCED"}]
    silent = [row for row in live if is_out_of_contact(office, row)]
    worst = []
    for wallet, words in limited_wallets(office).items():
        now, all_cut = (worst_loss(words, counts, len(rows)) for rows in (silent, live))
        worst.append(
            {
                "wallet": wallet,
                "till": all_cut.till,
                "tills_out_of_contact": len(silent),
                "fleet_now": now.fleet,
                "fleet_all_cut_off": all_cut.fleet,
                "member_now": now.member,
                "member_all_cut_off": all_cut.member,
            }
        )
    return {"worst": worst, "realised": realised(office), "company_loss": company_loss(office.store)}


def realised(office: Office) -> list[dict[str, Any]]:
    """Return what limited spending came to, per wallet."""
    return [
        {
            "wallet": row["wallet"],
            "beyond_allowances": row["owed"] + row["settled"] + row["forgiven"],
            "paid": row["settled"],
            "owed": row["owed"],
            "forgiven": row["forgiven"],
        }
        for row in debts.totals(office.store)
    ]


def of_till(office: Office, row: Row) -> dict[str, int]:
    """Return the worst loss of one journal, per limited wallet; none once it was given up."""
    if row["state"] not in {"ACTIVE", "FENCED"}:
        return {}
    counts = members.member_count(office.store)
    return {name: till_loss(words, counts) for name, words in limited_wallets(office).items()}


def is_out_of_contact(office: Office, row: Row) -> bool:
    """Say whether a journal may go on unseen: silent for ten minutes, or replaced and never declared over."""
    silent_ms = office.now_ms() - int(row["last_contact_ms"])
    return row["state"] == "FENCED" or silent_ms > OUT_OF_CONTACT_MS


def limited_wallets(office: Office) -> dict[str, Offline]:
    """Return the wallets that may be spent beyond allowances, by the programme in force."""
    row = programmes.newest_programme(office.store)
    if row is None:
        return {}
    wallets = load_programme(bytes(row["text"]), name="programme").text.wallet
    return {name: one.offline for name, one in sorted(wallets.items()) if one.offline.mode == "limited"}
