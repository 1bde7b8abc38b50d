"""SQL of settlement batches and their items."""

from typing import Final

INSERT_ITEMS: Final = """
    INSERT INTO settlement_item (tenant_id, account_id, asset, seq, kind, item_id, order_id, gross,
        refunded, fee, vat, shared, net, at)
    SELECT $1, account_id, asset, seq, kind, item_id, order_id, gross, refunded, fee, vat, shared,
        net, at
    FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::uuid[], $7::uuid[],
                $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[], $12::numeric[],
                $13::numeric[], $14::timestamptz[])
        AS new (account_id, asset, seq, kind, item_id, order_id, gross, refunded, fee, vat, shared,
                net, at)
"""

# The newest batch of an account and asset, by `account/asset`.
READ_LAST: Final = """
    SELECT b.account_id::text || '/' || b.asset AS key, b.no, b.through_seq
    FROM (
        SELECT split_part(asked.key, '/', 1)::uuid AS account_id,
            split_part(asked.key, '/', 2) AS asset
        FROM unnest($2::text[]) AS asked (key)
    ) AS wanted
    JOIN settlement_batch AS b ON b.tenant_id = $1 AND b.account_id = wanted.account_id
        AND b.asset = wanted.asset
    WHERE b.tenant_id = $1 AND b.no = (
        SELECT max(newest.no) FROM settlement_batch AS newest
        WHERE newest.tenant_id = $1 AND newest.account_id = b.account_id
            AND newest.asset = b.asset
    )
"""

# What no batch holds yet, by `account/asset/until`; without an end, until the commit's instant.
READ_OPEN: Final = """
    SELECT wanted.key, count(*) AS items, max(i.seq) AS through_seq, sum(i.gross) AS gross,
        sum(i.refunded) AS refunded, sum(i.fee) AS fee, sum(i.vat) AS vat, sum(i.shared) AS shared,
        sum(i.net) AS net
    FROM (
        SELECT asked.key, split_part(asked.key, '/', 1)::uuid AS account_id,
            split_part(asked.key, '/', 2) AS asset,
            COALESCE(NULLIF(split_part(asked.key, '/', 3), '')::timestamptz, $3::timestamptz)
                AS until
        FROM unnest($2::text[]) AS asked (key)
    ) AS wanted
    JOIN settlement_item AS i ON i.tenant_id = $1 AND i.account_id = wanted.account_id
        AND i.asset = wanted.asset AND i.at < wanted.until
    WHERE i.tenant_id = $1 AND i.seq > COALESCE((
        SELECT max(b.through_seq) FROM settlement_batch AS b
        WHERE b.tenant_id = $1 AND b.account_id = i.account_id AND b.asset = i.asset
    ), 0)
    GROUP BY wanted.key
"""

# Its keys are the compare-and-set: a batch begins where the one that it was decided after ends.
INSERT_BATCHES: Final = """
    INSERT INTO settlement_batch (tenant_id, account_id, asset, no, before_no, batch_id, after_seq,
        through_seq, items, gross, refunded, fee, vat, shared, net, payout_account, paid_out, until,
        created_at, created_by)
    SELECT $1, account_id, asset, no, before_no, batch_id, after_seq, through_seq, items, gross,
        refunded, fee, vat, shared, net, payout_account, paid_out, until, created_at, created_by
    FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::integer[], $6::uuid[], $7::bigint[],
                $8::bigint[], $9::integer[], $10::numeric[], $11::numeric[], $12::numeric[],
                $13::numeric[], $14::numeric[], $15::numeric[], $16::uuid[], $17::numeric[],
                $18::timestamptz[], $19::timestamptz[], $20::text[])
        AS new (account_id, asset, no, before_no, batch_id, after_seq, through_seq, items, gross,
                refunded, fee, vat, shared, net, payout_account, paid_out, until, created_at,
                created_by)
"""

FIND: Final = """
    SELECT account_id, asset, no, batch_id, after_seq, through_seq, items, gross, refunded, fee,
        vat, shared, net, payout_account, paid_out, until, created_at
    FROM settlement_batch WHERE tenant_id = $1 AND batch_id = $2
"""

LIST: Final = """
    SELECT account_id, asset, no, batch_id, after_seq, through_seq, items, gross, refunded, fee,
        vat, shared, net, payout_account, paid_out, until, created_at
    FROM settlement_batch WHERE tenant_id = $1 AND account_id = $2 AND batch_id > $3
    ORDER BY batch_id LIMIT $4
"""

LIST_ITEMS: Final = """
    SELECT seq, kind, item_id, order_id, gross, refunded, fee, vat, shared, net, at
    FROM settlement_item
    WHERE tenant_id = $1 AND account_id = $2 AND asset = $3 AND seq > $4 AND seq <= $5
    ORDER BY seq LIMIT $6
"""
