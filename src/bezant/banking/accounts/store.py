"""SQL of accounts.

Riders read within their batch by the account's identifier; a batch's tenant is all that reads of
riders are given.
"""

from typing import Final

READ_ACCOUNTS: Final = """
    SELECT a.account_id AS key, a.institution_id, a.ledger_book, a.product_id, a.product_version,
        a.status, a.number_fingerprint, a.number_sealed, a.opened_at, a.closed_at, a.row_version,
        (
            SELECT array_agg(s.asset ORDER BY s.asset) FROM bank_account_asset AS s
            WHERE s.tenant_id = $1 AND s.account_id = a.account_id
        ) AS assets,
        (
            SELECT json_agg(json_build_object('id', b.block_id, 'kind', b.kind,
                'direction', b.direction, 'asset', b.asset, 'amount', b.amount::text,
                'expires_at', b.expires_at) ORDER BY b.block_id)
            FROM account_block AS b
            WHERE b.tenant_id = $1 AND b.account_id = a.account_id AND b.lifted_at IS NULL
        ) AS blocks
    FROM bank_account AS a
    WHERE a.tenant_id = $1 AND a.account_id = ANY($2::uuid[])
"""

# The same without assets and blocks, for who looks at thousands of accounts in a commit.
READ_PRODUCTS: Final = """
    SELECT account_id AS key, ledger_book, product_version, status
    FROM bank_account
    WHERE tenant_id = $1 AND account_id = ANY($2::uuid[])
"""

# What an account's product says, in the version that the account is on. LATERAL, since a plan that
# was made while the tables were empty would go through all of a tenant's.
READ_TERMS: Final = """
    SELECT asked.key, found.terms
    FROM unnest($2::uuid[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT (
            SELECT p.terms FROM product p
            WHERE p.tenant_id = $1 AND p.product_id = a.product_id AND p.version = a.product_version
        ) AS terms
        FROM bank_account a WHERE a.tenant_id = $1 AND a.account_id = asked.key LIMIT 1
    ) AS found
"""

READ_NUMBERS: Final = """
    SELECT number_fingerprint AS key FROM bank_account
    WHERE tenant_id = $1 AND number_fingerprint = ANY($2::bytea[])
"""

FIND_BY_NUMBERS: Final = """
    SELECT number_fingerprint AS key, account_id FROM bank_account
    WHERE tenant_id = $1 AND number_fingerprint = ANY($2::bytea[])
"""

LIST: Final = """
    SELECT account_id FROM bank_account
    WHERE tenant_id = $1 AND account_id > $2
    ORDER BY account_id LIMIT $3
"""

SAVE: Final = """
    INSERT INTO bank_account (tenant_id, account_id, institution_id, ledger_book, product_id,
        product_version, status, number_fingerprint, number_sealed, opened_at, closed_at,
        row_version)
    SELECT $1, account_id, institution_id, ledger_book, product_id, product_version, status,
        number_fingerprint, number_sealed, opened_at, closed_at, row_version
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[], $7::text[],
                $8::bytea[], $9::bytea[], $10::timestamptz[], $11::timestamptz[], $12::bigint[])
        AS new (account_id, institution_id, ledger_book, product_id, product_version, status,
                number_fingerprint, number_sealed, opened_at, closed_at, row_version)
    ON CONFLICT (tenant_id, account_id) DO UPDATE SET
        product_version = excluded.product_version, status = excluded.status,
        closed_at = excluded.closed_at, row_version = excluded.row_version
"""

# The version is the compare-and-set: of two that decided on the same one, one is decided again.
INSERT_CHANGES: Final = """
    INSERT INTO bank_account_change (tenant_id, account_id, row_version, before_status,
        after_status, reason, changed_at, changed_by)
    SELECT $1, account_id, row_version, before_status, after_status, reason, changed_at, changed_by
    FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                $8::text[])
        AS new (account_id, row_version, before_status, after_status, reason, changed_at,
                changed_by)
"""

INSERT_ASSETS: Final = """
    INSERT INTO bank_account_asset (tenant_id, account_id, asset, opened_at)
    SELECT $1, account_id, asset, opened_at
    FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS new (account_id, asset, opened_at)
"""

INSERT_BLOCKS: Final = """
    INSERT INTO account_block (tenant_id, account_id, block_id, kind, direction, asset, amount,
        reason, placed_at, placed_by, expires_at)
    SELECT $1, account_id, block_id, kind, direction, asset, amount, reason, placed_at, placed_by,
        expires_at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::numeric[],
                $8::text[], $9::timestamptz[], $10::text[], $11::timestamptz[])
        AS new (account_id, block_id, kind, direction, asset, amount, reason, placed_at, placed_by,
                expires_at)
"""

LIFT_BLOCKS: Final = """
    UPDATE account_block SET lifted_at = new.lifted_at, lifted_by = new.lifted_by
    FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[])
        AS new (account_id, block_id, lifted_at, lifted_by)
    WHERE account_block.tenant_id = $1 AND account_block.account_id = new.account_id
        AND account_block.block_id = new.block_id
"""

LIST_BLOCKS: Final = """
    SELECT block_id, kind, direction, asset, amount, reason, placed_at, placed_by, expires_at,
        lifted_at, lifted_by
    FROM account_block WHERE tenant_id = $1 AND account_id = $2
    ORDER BY block_id
"""

LIST_CHANGES: Final = """
    SELECT row_version, before_status, after_status, reason, changed_at, changed_by
    FROM bank_account_change WHERE tenant_id = $1 AND account_id = $2
    ORDER BY row_version
"""
