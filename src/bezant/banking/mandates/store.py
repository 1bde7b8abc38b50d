"""SQL of mandates, signing rules and signatures."""

from typing import Final

# LATERAL, one look-up for each key: see the limits' own.
READ_PARTIES: Final = """
    SELECT asked.key, found.parties, found.roles, found.begins, found.ends, found.principals,
        found.users, found.served
    FROM unnest($2::uuid[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT array_agg(p.party_id ORDER BY p.party_id, p.role) AS parties,
            array_agg(p.role ORDER BY p.party_id, p.role) AS roles,
            array_agg(p.valid_from ORDER BY p.party_id, p.role) AS begins,
            array_agg(p.valid_until ORDER BY p.party_id, p.role) AS ends,
            array_agg(p.on_behalf_of ORDER BY p.party_id, p.role) AS principals,
            array_agg(known.user_id ORDER BY p.party_id, p.role) AS users,
            array_agg(known.is_served ORDER BY p.party_id, p.role) AS served
        FROM account_party p
        LEFT JOIN LATERAL (
            SELECT q.user_id, q.status = 'active' AND q.risk <> 'prohibited' AS is_served
            FROM party q WHERE q.tenant_id = $1 AND q.party_id = p.party_id LIMIT 1
        ) AS known ON true
        WHERE p.tenant_id = $1 AND p.account_id = asked.key
    ) AS found
    WHERE found.parties IS NOT NULL
"""

READ_RULES: Final = """
    SELECT asked.key, found.version, found.bands, found.set_at, found.set_by
    FROM unnest($2::uuid[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT r.version, r.bands, r.set_at, r.set_by FROM signing_rule r
        WHERE r.tenant_id = $1 AND r.account_id = asked.key
        ORDER BY r.version DESC LIMIT 1
    ) AS found
"""

READ_APPROVALS: Final = """
    SELECT asked.key, found.parties, found.approved, found.revoked, found.actors
    FROM unnest($2::uuid[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT array_agg(a.party_id ORDER BY a.party_id) AS parties,
            array_agg(a.approved_at ORDER BY a.party_id) AS approved,
            array_agg(a.revoked_at ORDER BY a.party_id) AS revoked,
            array_agg(a.approved_by ORDER BY a.party_id) AS actors
        FROM order_approval a WHERE a.tenant_id = $1 AND a.order_id = asked.key
    ) AS found
    WHERE found.parties IS NOT NULL
"""

READ_KNOWN_PARTIES: Final = """
    SELECT party_id AS key, status, risk, user_id FROM party
    WHERE tenant_id = $1 AND party_id = ANY($2::uuid[])
"""

# Of a party that approves, revokes and approves again within one batch, how it ended.
SAVE_APPROVALS: Final = """
    INSERT INTO order_approval (tenant_id, order_id, party_id, account_id, approved_at, revoked_at,
        approved_by)
    SELECT $1, order_id, party_id, account_id, approved_at, revoked_at, approved_by
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[],
                $7::text[])
        AS new (order_id, party_id, account_id, approved_at, revoked_at, approved_by)
    ON CONFLICT (tenant_id, order_id, party_id) DO UPDATE SET
        approved_at = excluded.approved_at, revoked_at = excluded.revoked_at,
        approved_by = excluded.approved_by
"""

SAVE_PARTIES: Final = """
    INSERT INTO account_party (tenant_id, account_id, party_id, role, valid_from, valid_until,
        on_behalf_of, added_at, added_by)
    SELECT $1, account_id, party_id, role, valid_from, valid_until, on_behalf_of, added_at,
        added_by
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                $7::uuid[], $8::timestamptz[], $9::text[])
        AS new (account_id, party_id, role, valid_from, valid_until, on_behalf_of, added_at,
                added_by)
    ON CONFLICT (tenant_id, account_id, party_id, role) DO UPDATE SET
        valid_from = excluded.valid_from, valid_until = excluded.valid_until,
        on_behalf_of = excluded.on_behalf_of, added_at = excluded.added_at,
        added_by = excluded.added_by
"""

INSERT_RULES: Final = """
    INSERT INTO signing_rule (tenant_id, account_id, version, bands, set_at, set_by)
    SELECT $1, account_id, version, bands, set_at, set_by
    FROM unnest($2::uuid[], $3::int[], $4::bytea[], $5::timestamptz[], $6::text[])
        AS new (account_id, version, bands, set_at, set_by)
"""

FIND_ACCOUNT: Final = """
    SELECT ledger_book FROM bank_account WHERE tenant_id = $1 AND account_id = $2
"""

FIND_PARTIES: Final = """
    SELECT party_id, role, valid_from, valid_until, on_behalf_of FROM account_party
    WHERE tenant_id = $1 AND account_id = $2 ORDER BY party_id, role
"""

FIND_RULES: Final = """
    SELECT version, bands, set_at, set_by FROM signing_rule
    WHERE tenant_id = $1 AND account_id = $2 ORDER BY version DESC LIMIT 1
"""

# In the book that a path names: an account's identifier says nothing of whose ledger it is in. The
# same rule as `Mandates.principals`: an attorney acts while the holder holds it.
FIND_OF_USER: Final = """
    SELECT 1 FROM party p
    JOIN account_party a ON a.tenant_id = p.tenant_id AND a.party_id = p.party_id
    JOIN bank_account b ON b.tenant_id = a.tenant_id AND b.account_id = a.account_id
    WHERE p.tenant_id = $1 AND p.user_id = $2 AND a.account_id = $3 AND b.ledger_book = $4
        AND a.valid_from <= $5 AND (a.valid_until IS NULL OR $5 < a.valid_until)
        AND p.status = 'active' AND p.risk <> 'prohibited'
        AND (a.role <> 'attorney' OR EXISTS (
            SELECT 1 FROM account_party h
            JOIN party q ON q.tenant_id = h.tenant_id AND q.party_id = h.party_id
            WHERE h.tenant_id = $1 AND h.account_id = $3 AND h.party_id = a.on_behalf_of
                AND h.role = 'holder'
                AND h.valid_from <= $5 AND (h.valid_until IS NULL OR $5 < h.valid_until)
                AND q.status = 'active' AND q.risk <> 'prohibited'
        ))
    LIMIT 1
"""
