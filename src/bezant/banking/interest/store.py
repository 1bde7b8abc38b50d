"""SQL of interest.

Keys of riders' reads are texts: an account and an asset, or a book and an asset.
"""

from typing import Final

# One probe for each key: joined, a planner that does not know the table yet goes through all that
# it has of a tenant for each of them.
READ_STANDINGS: Final = """
    SELECT wanted.key, s.accrued_until, s.parts
    FROM unnest($2::text[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT accrued_until, parts FROM interest_standing
        WHERE tenant_id = $1 AND account_id = split_part(wanted.key, '/', 1)::uuid
            AND asset = split_part(wanted.key, '/', 2)
        LIMIT 1
    ) AS s
"""

SAVE_STANDINGS: Final = """
    INSERT INTO interest_standing (tenant_id, account_id, asset, accrued_until, parts)
    SELECT $1, account_id, asset, accrued_until, parts
    FROM unnest($2::uuid[], $3::text[], $4::date[], $5::numeric[])
        AS new (account_id, asset, accrued_until, parts)
    ON CONFLICT (tenant_id, account_id, asset) DO UPDATE SET
        accrued_until = excluded.accrued_until, parts = excluded.parts
"""

INSERT_ACCRUALS: Final = """
    INSERT INTO interest_accrual (tenant_id, account_id, asset, day, revision, product_version,
        balance, parts, run_id, accrued_at)
    SELECT $1, account_id, asset, day, revision, product_version, balance, parts, run_id,
        accrued_at
    FROM unnest($2::uuid[], $3::text[], $4::date[], $5::integer[], $6::integer[], $7::numeric[],
                $8::numeric[], $9::uuid[], $10::timestamptz[])
        AS new (account_id, asset, day, revision, product_version, balance, parts, run_id,
                accrued_at)
"""

READ_REMAINDERS: Final = """
    SELECT wanted.key, r.expense_parts, r.income_parts
    FROM unnest($2::text[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT expense_parts, income_parts FROM interest_remainder
        WHERE tenant_id = $1 AND ledger_book = split_part(wanted.key, '/', 1)::uuid
            AND asset = split_part(wanted.key, '/', 2)
        LIMIT 1
    ) AS r
"""

SAVE_REMAINDERS: Final = """
    INSERT INTO interest_remainder (tenant_id, ledger_book, asset, expense_parts, income_parts)
    SELECT $1, ledger_book, asset, expense_parts, income_parts
    FROM unnest($2::uuid[], $3::text[], $4::numeric[], $5::numeric[])
        AS new (ledger_book, asset, expense_parts, income_parts)
    ON CONFLICT (tenant_id, ledger_book, asset) DO UPDATE SET
        expense_parts = excluded.expense_parts, income_parts = excluded.income_parts
"""

INSERT_BOOKINGS: Final = """
    INSERT INTO interest_booking (tenant_id, account_id, asset, day, revision, amount, rounding,
        transaction_id, booked_at)
    SELECT $1, account_id, asset, day, revision, amount, rounding, transaction_id, booked_at
    FROM unnest($2::uuid[], $3::text[], $4::date[], $5::integer[], $6::numeric[], $7::numeric[],
                $8::uuid[], $9::timestamptz[])
        AS new (account_id, asset, day, revision, amount, rounding, transaction_id, booked_at)
"""

# What each day was last known to have earned, and how often that was found out.
FIND_ACCRUED: Final = """
    SELECT account_id, asset, day, sum(parts) AS parts, max(revision) AS revision,
        max(product_version) FILTER (WHERE revision = 0) AS product_version
    FROM interest_accrual
    WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND day >= $3 AND day < $4
    GROUP BY account_id, asset, day
    ORDER BY account_id, asset, day
"""

# What stands booked of days from one on, and the transaction that was the last to say so.
FIND_BOOKED: Final = """
    SELECT account_id, asset, day, sum(amount) AS amount, max(revision) AS revision,
        (array_agg(transaction_id ORDER BY revision DESC))[1] AS transaction_id
    FROM interest_booking
    WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND day >= $3
    GROUP BY account_id, asset, day
    ORDER BY account_id, asset, day
"""

# What had accrued before a day and was not booked: parts, of which a minor unit has 10^12.
FIND_DUE: Final = """
    SELECT change.account_id, change.asset, sum(change.parts) AS parts
    FROM (
        SELECT account_id, asset, parts FROM interest_accrual
        WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND day < $3
        UNION ALL
        SELECT account_id, asset, rounding - amount * 1000000000000 FROM interest_booking
        WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND day < $3
    ) AS change
    GROUP BY change.account_id, change.asset
"""

FIND_STANDINGS: Final = """
    SELECT asset, accrued_until, parts FROM interest_standing
    WHERE tenant_id = $1 AND account_id = $2
"""
