"""What must never be in the books, as queries that find it; each returns the offending rows."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store


def uneven_journals(store: Store) -> Sequence[Row]:
    """Every journal stands in the log from its first entry up to its mark."""
    return store.rows(
        "SELECT i.incarnation, i.booked_seq, count(e.seq) AS entries FROM incarnation i"
        " LEFT JOIN entry e ON e.incarnation = i.incarnation"
        " GROUP BY i.incarnation, i.booked_seq HAVING i.booked_seq <> count(e.seq)"
    )


def overspent_allowances(store: Store) -> Sequence[Row]:
    """I1: no allowance has more spent than issued, nor more given back than spent."""
    return store.rows(
        "SELECT s.incarnation, s.number, s.lot, s.amount, s.spent FROM allowance_lot s JOIN allowance a"
        " ON a.incarnation = s.incarnation AND a.number = s.number WHERE s.spent < 0"
        " OR s.spent > s.amount OR (a.parent > 0 AND s.spent + s.passed > s.amount)"
    )


def uneven_allowances(store: Store) -> Sequence[Row]:
    """I1: an allowance is the sum of its lots."""
    return store.rows(
        "SELECT a.incarnation, a.number, a.issued, COALESCE(sum(s.amount), 0) AS slices FROM allowance a"
        " LEFT JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        " GROUP BY a.incarnation, a.number, a.issued HAVING a.issued <> COALESCE(sum(s.amount), 0)"
    )


def vouchers_set_aside_twice(store: Store) -> Sequence[Row]:
    """I3: a voucher that lies unused under two open allowances could be used twice."""
    return store.rows(
        "SELECT a.member, a.wallet, s.lot, count(*) AS times FROM allowance a"
        " JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        " WHERE a.state = 'OPEN' AND a.wallet LIKE 'voucher:%' AND s.amount > s.spent + s.passed"
        " GROUP BY a.member, a.wallet, s.lot HAVING count(*) > 1"
    )


def uneven_loans(store: Store) -> Sequence[Row]:
    """I1: what an allowance passed on its loans are charged with; together nothing is below zero."""
    return store.rows(
        "SELECT p.incarnation, p.number, p.lot, p.passed, COALESCE(sum(c.amount - c.passed), 0) AS lent"
        " FROM allowance_lot p JOIN allowance r ON r.incarnation = p.incarnation AND r.number = p.number"
        " AND r.parent = 0 LEFT JOIN allowance a ON a.incarnation = p.incarnation AND a.parent = p.number"
        " LEFT JOIN allowance_lot c ON c.incarnation = a.incarnation AND c.number = a.number"
        " AND c.lot = p.lot GROUP BY p.incarnation, p.number, p.lot, p.passed, p.amount, p.spent"
        " HAVING p.passed <> COALESCE(sum(c.amount - c.passed), 0)"
        " OR p.amount < p.spent + COALESCE(sum(c.spent), 0)"
    )


def uneven_accounts(store: Store) -> Sequence[Row]:
    """I2: an account holds what it was opened with plus its entries, settlements and movements."""
    return store.rows(
        "SELECT member, wallet, sum(held) AS held, sum(moved) AS moved FROM ("
        " SELECT member, wallet, remaining AS held, CASE WHEN imported = 1 THEN opened ELSE 0 END AS moved"
        " FROM lot UNION ALL"
        " SELECT COALESCE(NULLIF(m.merged_into, ''), e.account), e.unit, 0, e.amount FROM entry e"
        " LEFT JOIN member m ON m.member = e.account WHERE e.amount <> 0 AND e.parked = 0"
        " UNION ALL SELECT member, wallet, 0, amount FROM settlement WHERE wallet <> ''"
        " UNION ALL SELECT member, wallet, 0, amount FROM movement WHERE wallet <> ''"
        ") AS both_sides GROUP BY member, wallet HAVING sum(held) <> sum(moved)"
    )


_NOT_CLAWED_BACK = (
    "NOT EXISTS (SELECT 1 FROM entry e WHERE (e.account = l.member"
    " OR e.account IN (SELECT m.member FROM member m WHERE m.merged_into = l.member))"
    " AND e.unit = l.wallet"
    " AND (e.undoes IN ('EARN', 'GIVE', 'LOAD') OR e.kind = 'CLAWBACK') AND e.parked = 0)"
    " AND NOT EXISTS (SELECT 1 FROM settlement c WHERE c.member = l.member AND c.wallet = l.wallet"
    " AND c.undoes IN ('EARN', 'GIVE', 'LOAD'))"
)
_TWIN_BOOKED = (
    "l.opened = 0 AND EXISTS (SELECT 1 FROM entry e WHERE e.account = l.member AND e.unit = l.wallet"
    " AND e.kind IN ('EARN', 'GIVE', 'LOAD') AND e.parked <> 0"
    " AND substr(e.incarnation, 1, 8) || '-' || e.seq = l.lot)"
)


def set_aside_beyond_owned(store: Store) -> Sequence[Row]:
    """I3: a lot whose open allowances exceed it although nothing was clawed back from it.

    Books from a backup may book a receipt's twin instead: then its lot stands below zero by what was spent
    of it, and the twin's lot has the points.  That loses nothing while the account as a whole has what its
    allowances hold (`accounts_set_aside_beyond_owned`), since each later allowance counts such a lot first.
    """
    return store.rows(
        "SELECT member, wallet, lot, remaining, open FROM ("  # noqa: S608 - words of our own
        " SELECT l.member, l.wallet, l.lot, l.opened, l.remaining, sum(s.amount - s.spent - s.passed) AS open"
        " FROM allowance a"
        " JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        " JOIN lot l ON l.member = a.member AND l.wallet = a.wallet AND l.lot = s.lot"
        " WHERE a.state = 'OPEN' GROUP BY l.member, l.wallet, l.lot, l.opened, l.remaining"
        " HAVING sum(s.amount - s.spent - s.passed) > l.remaining"
        f") AS l WHERE NOT ({_TWIN_BOOKED}) AND {_NOT_CLAWED_BACK}"
    )


def accounts_set_aside_beyond_owned(store: Store) -> Sequence[Row]:
    """I3: an account whose open allowances hold more than all its lots, and no debt or clawback says why.

    Each allowance is given within what all lots have together less what open ones hold; spending takes the
    same from both sides, and a lot that only allowances know counts with what they hold of it.
    """
    return store.rows(
        "SELECT member, wallet, owned, held FROM ("  # noqa: S608 - words of our own
        " SELECT h.member, h.wallet, h.held, (SELECT sum(o.remaining) FROM lot o"
        "  WHERE o.member = h.member AND o.wallet = h.wallet) AS owned FROM ("
        "  SELECT a.member, a.wallet, sum(s.amount - s.spent - s.passed) AS held FROM allowance a"
        "  JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        "  WHERE a.state = 'OPEN' AND a.wallet NOT LIKE 'voucher:%' GROUP BY a.member, a.wallet) AS h"
        f") AS l WHERE held > COALESCE(owned, 0) AND {_NOT_CLAWED_BACK} AND NOT EXISTS ("
        " SELECT 1 FROM lot d WHERE d.member = l.member AND d.wallet = l.wallet"
        " AND substr(d.lot, 1, 5) = 'debt-')"
    )
