"""SQL of limits.

Riders read within their batch, by keys such as `account/asset`. Windows end at the batch's instant,
`$3`, and begin after theirs: what was spent exactly a day ago counts no more.

Reads are LATERAL, one look-up for each key: a plan that was made while the tables were empty would
go through all rows of a tenant.
"""

from typing import Final

# Of each owner, the newest version that has begun; one without an instant began when it was set.
READ_SETTINGS: Final = """
    SELECT asked.key, found.limits
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT s.limits FROM limit_setting s
        WHERE s.tenant_id = $1 AND s.owner_kind = split_part(asked.key, '/', 1)
            AND s.owner_id = split_part(asked.key, '/', 2)::uuid
            AND (s.effective_at IS NULL OR s.effective_at <= $3::timestamptz)
        ORDER BY s.version DESC LIMIT 1
    ) AS found
"""

# One row for each account, however many payments it made. Hours, since days differ in length.
READ_ACCOUNT_USE: Final = """
    SELECT asked.key, used.channels, used.instants, used.day_amounts, used.day_counts,
        used.week_amounts, used.week_counts, used.month_amounts, used.month_counts
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT array_agg(c.channel ORDER BY c.channel, c.is_instant) AS channels,
            array_agg(c.is_instant ORDER BY c.channel, c.is_instant) AS instants,
            array_agg(c.day_amount ORDER BY c.channel, c.is_instant) AS day_amounts,
            array_agg(c.day_count ORDER BY c.channel, c.is_instant) AS day_counts,
            array_agg(c.week_amount ORDER BY c.channel, c.is_instant) AS week_amounts,
            array_agg(c.week_count ORDER BY c.channel, c.is_instant) AS week_counts,
            array_agg(c.month_amount ORDER BY c.channel, c.is_instant) AS month_amounts,
            array_agg(c.month_count ORDER BY c.channel, c.is_instant) AS month_counts
        FROM (
            SELECT s.channel, s.is_instant,
                coalesce(sum(s.amount) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '24 hours'), 0) AS day_amount,
                count(*) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '24 hours') AS day_count,
                coalesce(sum(s.amount) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '168 hours'), 0) AS week_amount,
                count(*) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '168 hours') AS week_count,
                sum(s.amount) AS month_amount,
                count(*) AS month_count
            FROM limit_spend s
            WHERE s.tenant_id = $1 AND s.account_id = split_part(asked.key, '/', 1)::uuid
                AND s.asset = split_part(asked.key, '/', 2)
                AND s.spent_at > $3::timestamptz - interval '720 hours' AND s.released_at IS NULL
            GROUP BY s.channel, s.is_instant
        ) AS c
    ) AS used
    WHERE used.channels IS NOT NULL
"""

# A customer's payments are from any of the tenant's accounts, so from any of its books: lanes that
# read and write the same customer's at once are told apart by their isolation, and one goes again.
READ_PARTY_USE: Final = """
    SELECT asked.key, used.channels, used.instants, used.day_amounts, used.day_counts,
        used.week_amounts, used.week_counts, used.month_amounts, used.month_counts
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT array_agg(c.channel ORDER BY c.channel, c.is_instant) AS channels,
            array_agg(c.is_instant ORDER BY c.channel, c.is_instant) AS instants,
            array_agg(c.day_amount ORDER BY c.channel, c.is_instant) AS day_amounts,
            array_agg(c.day_count ORDER BY c.channel, c.is_instant) AS day_counts,
            array_agg(c.week_amount ORDER BY c.channel, c.is_instant) AS week_amounts,
            array_agg(c.week_count ORDER BY c.channel, c.is_instant) AS week_counts,
            array_agg(c.month_amount ORDER BY c.channel, c.is_instant) AS month_amounts,
            array_agg(c.month_count ORDER BY c.channel, c.is_instant) AS month_counts
        FROM (
            SELECT s.channel, s.is_instant,
                coalesce(sum(s.amount) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '24 hours'), 0) AS day_amount,
                count(*) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '24 hours') AS day_count,
                coalesce(sum(s.amount) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '168 hours'), 0) AS week_amount,
                count(*) FILTER (
                    WHERE s.spent_at > $3::timestamptz - interval '168 hours') AS week_count,
                sum(s.amount) AS month_amount,
                count(*) AS month_count
            FROM limit_spend s
            WHERE s.tenant_id = $1 AND s.party_id = split_part(asked.key, '/', 1)::uuid
                AND s.asset = split_part(asked.key, '/', 2)
                AND s.spent_at > $3::timestamptz - interval '720 hours' AND s.released_at IS NULL
            GROUP BY s.channel, s.is_instant
        ) AS c
    ) AS used
    WHERE used.channels IS NOT NULL
"""

READ_COUNTERPARTIES: Final = """
    SELECT asked.key, counted.day, counted.week, counted.month
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT
            count(DISTINCT s.counterparty) FILTER (
                WHERE s.spent_at > $3::timestamptz - interval '24 hours') AS day,
            count(DISTINCT s.counterparty) FILTER (
                WHERE s.spent_at > $3::timestamptz - interval '168 hours') AS week,
            count(DISTINCT s.counterparty) AS month
        FROM limit_spend s
        WHERE s.tenant_id = $1 AND s.account_id = split_part(asked.key, '/', 1)::uuid
            AND s.asset = split_part(asked.key, '/', 2)
            AND s.spent_at > $3::timestamptz - interval '720 hours' AND s.released_at IS NULL
    ) AS counted
"""

READ_LAST_PAID: Final = """
    SELECT asked.key, paid.last_at
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT max(s.spent_at) AS last_at FROM limit_spend s
        WHERE s.tenant_id = $1 AND s.account_id = split_part(asked.key, '/', 1)::uuid
            AND s.asset = split_part(asked.key, '/', 2)
            AND s.counterparty = decode(split_part(asked.key, '/', 3), 'hex')
            AND s.spent_at > $3::timestamptz - interval '720 hours' AND s.released_at IS NULL
    ) AS paid
"""

# The same of a customer, from whatever account.
READ_PARTY_COUNTERPARTIES: Final = """
    SELECT asked.key, counted.day, counted.week, counted.month
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT
            count(DISTINCT s.counterparty) FILTER (
                WHERE s.spent_at > $3::timestamptz - interval '24 hours') AS day,
            count(DISTINCT s.counterparty) FILTER (
                WHERE s.spent_at > $3::timestamptz - interval '168 hours') AS week,
            count(DISTINCT s.counterparty) AS month
        FROM limit_spend s
        WHERE s.tenant_id = $1 AND s.party_id = split_part(asked.key, '/', 1)::uuid
            AND s.asset = split_part(asked.key, '/', 2)
            AND s.spent_at > $3::timestamptz - interval '720 hours' AND s.released_at IS NULL
    ) AS counted
"""

READ_PARTY_LAST_PAID: Final = """
    SELECT asked.key, paid.last_at
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT max(s.spent_at) AS last_at FROM limit_spend s
        WHERE s.tenant_id = $1 AND s.party_id = split_part(asked.key, '/', 1)::uuid
            AND s.asset = split_part(asked.key, '/', 2)
            AND s.counterparty = decode(split_part(asked.key, '/', 3), 'hex')
            AND s.spent_at > $3::timestamptz - interval '720 hours' AND s.released_at IS NULL
    ) AS paid
"""

# The limits of those who hold an account, as they are by the batch's instant.
READ_HOLDER_LIMITS: Final = """
    SELECT asked.key, found.limits
    FROM unnest($2::uuid[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT array_agg(newest.limits ORDER BY h.party_id) AS limits
        FROM account_party h
        CROSS JOIN LATERAL (
            SELECT s.limits FROM limit_setting s
            WHERE s.tenant_id = $1 AND s.owner_kind = 'party' AND s.owner_id = h.party_id
                AND (s.effective_at IS NULL OR s.effective_at <= $3::timestamptz)
            ORDER BY s.version DESC LIMIT 1
        ) AS newest
        WHERE h.tenant_id = $1 AND h.account_id = asked.key AND h.role = 'holder'
            AND h.valid_from <= $3::timestamptz
            AND (h.valid_until IS NULL OR $3::timestamptz < h.valid_until)
    ) AS found
    WHERE found.limits IS NOT NULL
"""

# How an account stands to one counterparty; whether it may pay those only that are allowed.
READ_STANDINGS: Final = """
    SELECT asked.key, stands.is_closed, stands.standing
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT bool_or(c.standing = 'allowed') AS is_closed,
            max(c.standing) FILTER (
                WHERE c.counterparty = decode(split_part(asked.key, '/', 2), 'hex')) AS standing
        FROM limit_counterparty c
        WHERE c.tenant_id = $1 AND c.account_id = split_part(asked.key, '/', 1)::uuid
    ) AS stands
    WHERE stands.is_closed IS NOT NULL
"""

READ_SPENDS: Final = """
    SELECT asked.key, found.asset, found.amount, found.party_id, found.channel, found.counterparty,
        found.spent_at, found.released_at, found.is_instant
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT s.asset, s.amount, s.party_id, s.channel, s.counterparty, s.spent_at, s.released_at,
            s.is_instant
        FROM limit_spend s
        WHERE s.tenant_id = $1 AND s.account_id = split_part(asked.key, '/', 1)::uuid
            AND s.order_id = split_part(asked.key, '/', 2)::uuid
        LIMIT 1
    ) AS found
"""

# An order that was spent and given back within one batch is written once, as it ended.
SAVE_SPENDS: Final = """
    INSERT INTO limit_spend (tenant_id, account_id, order_id, asset, amount, party_id, channel,
        counterparty, spent_at, released_at, is_instant)
    SELECT $1, account_id, order_id, asset, amount, party_id, channel, counterparty, spent_at,
        released_at, is_instant
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::uuid[], $7::text[],
                $8::bytea[], $9::timestamptz[], $10::timestamptz[], $11::boolean[])
        AS new (account_id, order_id, asset, amount, party_id, channel, counterparty, spent_at,
                released_at, is_instant)
    ON CONFLICT (tenant_id, account_id, order_id) DO UPDATE SET
        asset = excluded.asset, amount = excluded.amount, party_id = excluded.party_id,
        channel = excluded.channel, counterparty = excluded.counterparty,
        spent_at = excluded.spent_at, released_at = excluded.released_at,
        is_instant = excluded.is_instant
"""

DELETE_SPENDS: Final = """
    DELETE FROM limit_spend WHERE tenant_id = $1 AND (account_id, order_id) IN (
        SELECT old.account_id, old.order_id FROM limit_spend old
        WHERE old.tenant_id = $1 AND (old.spent_at AT TIME ZONE 'UTC')::date
            < ($2::timestamptz AT TIME ZONE 'UTC')::date LIMIT $3
    )
"""

FIND_TERMS: Final = """
    SELECT p.terms FROM bank_account a
    JOIN product p ON p.tenant_id = a.tenant_id AND p.product_id = a.product_id
        AND p.version = a.product_version
    WHERE a.tenant_id = $1 AND a.account_id = $2
"""

FIND_PARTY: Final = """
    SELECT party_id FROM party WHERE tenant_id = $1 AND party_id = $2
"""

# Of the last two at least one has begun: see `planned`.
FIND_SETTINGS: Final = """
    SELECT version, limits, effective_at FROM limit_setting
    WHERE tenant_id = $1 AND owner_kind = $2 AND owner_id = $3
    ORDER BY version DESC LIMIT 2
"""

INSERT_SETTINGS: Final = """
    INSERT INTO limit_setting (tenant_id, owner_kind, owner_id, version, limits, effective_at,
        set_at, set_by)
    SELECT $1, owner_kind, owner_id, version, limits, effective_at, set_at, set_by
    FROM unnest($2::text[], $3::uuid[], $4::int[], $5::bytea[], $6::timestamptz[],
                $7::timestamptz[], $8::text[])
        AS new (owner_kind, owner_id, version, limits, effective_at, set_at, set_by)
"""

SAVE_STANDING: Final = """
    INSERT INTO limit_counterparty (tenant_id, account_id, counterparty, standing, added_at,
        added_by)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, account_id, counterparty) DO UPDATE SET
        standing = excluded.standing, added_at = excluded.added_at, added_by = excluded.added_by
"""

DELETE_STANDING: Final = """
    DELETE FROM limit_counterparty
    WHERE tenant_id = $1 AND account_id = $2 AND counterparty = $3
"""
