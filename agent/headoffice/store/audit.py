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


def set_aside_beyond_owned(store: Store) -> Sequence[Row]:
    """I3: a lot whose open allowances exceed it although nothing was clawed back from it."""
    return store.rows(
        "SELECT l.member, l.wallet, l.lot, l.remaining, sum(s.amount - s.spent - s.passed) AS open"
        " FROM allowance a"
        " JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        " JOIN lot l ON l.member = a.member AND l.wallet = a.wallet AND l.lot = s.lot"
        " WHERE a.state = 'OPEN' AND NOT EXISTS (SELECT 1 FROM entry e WHERE (e.account = l.member"
        " OR e.account IN (SELECT m.member FROM member m WHERE m.merged_into = l.member))"
        " AND e.unit = l.wallet"
        " AND (e.undoes IN ('EARN', 'GIVE', 'LOAD') OR e.kind = 'CLAWBACK') AND e.parked = 0)"
        " AND NOT EXISTS (SELECT 1 FROM settlement c WHERE c.member = l.member AND c.wallet = l.wallet"
        " AND c.undoes IN ('EARN', 'GIVE', 'LOAD'))"
        " GROUP BY l.member, l.wallet, l.lot, l.remaining"
        " HAVING sum(s.amount - s.spent - s.passed) > l.remaining"
    )
