"""SQL of ends of days."""

from typing import Final

READ_RUNS: Final = """
    SELECT run_id AS key, run_id, ledger_book, day, status, known_before, known_seq, done_until,
        accounts, started_at, started_by, completed_at
    FROM end_of_day_run WHERE tenant_id = $1 AND run_id = ANY($2::uuid[])
"""

# The newest day of each book, which the next one continues.
READ_NEWEST: Final = """
    SELECT r.ledger_book AS key, r.run_id, r.ledger_book, r.day, r.status, r.known_before,
        r.known_seq, r.done_until, r.accounts, r.started_at, r.started_by, r.completed_at
    FROM end_of_day_run AS r
    WHERE r.tenant_id = $1 AND r.ledger_book = ANY($2::uuid[]) AND r.day = (
        SELECT max(newest.day) FROM end_of_day_run AS newest
        WHERE newest.tenant_id = $1 AND newest.ledger_book = r.ledger_book
    )
"""

SAVE_RUNS: Final = """
    INSERT INTO end_of_day_run (tenant_id, run_id, ledger_book, day, status, known_before,
        known_seq, done_until, accounts, started_at, started_by, completed_at)
    SELECT $1, run_id, ledger_book, day, status, known_before, known_seq, done_until, accounts,
        started_at, started_by, completed_at
    FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::bigint[], $7::bigint[],
                $8::uuid[], $9::bigint[], $10::timestamptz[], $11::text[], $12::timestamptz[])
        AS new (run_id, ledger_book, day, status, known_before, known_seq, done_until, accounts,
                started_at, started_by, completed_at)
    ON CONFLICT (tenant_id, run_id) DO UPDATE SET
        status = excluded.status, done_until = excluded.done_until, accounts = excluded.accounts,
        completed_at = excluded.completed_at
"""

LIST_RUNS: Final = """
    SELECT run_id, ledger_book, day, status, known_before, known_seq, done_until, accounts,
        started_at, started_by, completed_at
    FROM end_of_day_run WHERE tenant_id = $1 AND run_id > $2
    ORDER BY run_id LIMIT $3
"""

FIND_TIME_ZONE: Final = """
    SELECT time_zone FROM book WHERE tenant_id = $1 AND book_id = $2
"""

# The accounts of a book after one of them, each with the numbers of its ledger accounts. LATERAL,
# since a planner that does not know the tables yet would go through all of a tenant's accounts for
# each of them.
FIND_CHUNK: Final = """
    SELECT b.account_id, b.product_id, b.product_version, b.status, b.opened_at,
        held.assets, held.account_nos
    FROM (
        SELECT account_id, product_id, product_version, status, opened_at FROM bank_account
        WHERE tenant_id = $1 AND ledger_book = $2 AND account_id > $3
        ORDER BY account_id LIMIT $4
    ) AS b
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(s.asset ORDER BY s.asset), '{}') AS assets,
            coalesce(array_agg(l.account_no ORDER BY s.asset), '{}') AS account_nos
        FROM bank_account_asset AS s
        CROSS JOIN LATERAL (
            SELECT account_no FROM account
            WHERE tenant_id = $1 AND book_id = $2
                AND account_id = 'accounts:' || b.account_id::text || ':' || s.asset
            LIMIT 1
        ) AS l
        WHERE s.tenant_id = $1 AND s.account_id = b.account_id
    ) AS held
    ORDER BY b.account_id
"""

# Fees for a day that accounts could not pay.
FIND_UNPAID: Final = """
    SELECT account_id, asset, charge_id, code, day, gross, vat FROM fee_charge
    WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND day = $3 AND outcome = 'refused'
    ORDER BY charge_id
"""

# Accounts that have accrued what can be booked: a minor unit or more, which has 10^12 parts.
FIND_BOOKABLE: Final = """
    SELECT account_id, asset FROM interest_standing
    WHERE tenant_id = $1 AND account_id = ANY($2::uuid[])
        AND (parts >= 1000000000000 OR parts <= -1000000000000)
"""

# Accounts to which something was posted between two numbers that counts from before a day.
FIND_BACKDATED: Final = """
    SELECT moved.account_no, min(moved.value_date) AS first_day
    FROM (
        SELECT debit_no AS account_no, value_date FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4 AND value_date < $5
            AND kind IN ('posted', 'captured')
        UNION ALL
        SELECT credit_no, value_date FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4 AND value_date < $5
            AND kind IN ('posted', 'captured')
    ) AS moved
    GROUP BY moved.account_no
"""

# What was posted to accounts by the day from which it counts; credits are above zero.
FIND_MOVEMENTS: Final = """
    SELECT moved.account_no, moved.value_date, sum(moved.amount) AS amount
    FROM (
        SELECT credit_no AS account_no, value_date, amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND credit_no = ANY($3::bigint[]) AND seq <= $4
            AND kind IN ('posted', 'captured')
        UNION ALL
        SELECT debit_no, value_date, -amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND debit_no = ANY($3::bigint[]) AND seq <= $4
            AND kind IN ('posted', 'captured')
    ) AS moved
    GROUP BY moved.account_no, moved.value_date
    ORDER BY moved.account_no, moved.value_date
"""
