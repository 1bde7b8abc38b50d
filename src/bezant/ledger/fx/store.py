"""SQL of rates, quotes, conversions and revaluations."""

from typing import Final

# None for an unknown book, which has no assets either.
FIND_SCALES: Final = """
    SELECT code, scale FROM asset WHERE tenant_id = $1 AND book_id = $2 ORDER BY code
"""

FIND_SETTINGS: Final = """
    SELECT book_id AS key, version, functional_asset, realised_account, unrealised_account,
        spread_account, set_at
    FROM fx_settings WHERE tenant_id = $1 AND book_id = ANY($2::uuid[])
    ORDER BY book_id, version
"""

INSERT_SETTINGS: Final = """
    INSERT INTO fx_settings (tenant_id, book_id, version, functional_asset, realised_account,
        unrealised_account, spread_account, set_at)
    SELECT $1, book_id, version, functional_asset, realised_account, unrealised_account,
        spread_account, set_at
    FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::timestamptz[])
        AS new (book_id, version, functional_asset, realised_account, unrealised_account,
                spread_account, set_at)
"""

INSERT_RATE: Final = """
    INSERT INTO fx_rate (tenant_id, book_id, base, quote, at, rate_id, rate, source, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

FIND_RATE: Final = """
    SELECT rate, at, source, recorded_at FROM fx_rate
    WHERE tenant_id = $1 AND book_id = $2 AND base = $3 AND quote = $4 AND at <= $5
    ORDER BY at DESC, recorded_at DESC, rate_id DESC LIMIT 1
"""

INSERT_QUOTE: Final = """
    INSERT INTO fx_quote (tenant_id, book_id, quote_id, sell, buy, sell_amount, buy_amount,
        mid_rate, rate_at, client_rate, spread_asset, spread_amount, functional_asset,
        functional_value, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""

FIND_QUOTE: Final = """
    SELECT q.quote_id AS id, q.sell, q.buy, q.sell_amount, q.buy_amount, q.mid_rate, q.rate_at,
        q.client_rate, q.spread_asset, q.spread_amount, q.functional_asset, q.functional_value,
        q.created_at, q.expires_at, c.seq IS NOT NULL AS is_used
    FROM fx_quote q
    LEFT JOIN fx_conversion c ON c.tenant_id = q.tenant_id AND c.book_id = q.book_id
        AND c.quote_id = q.quote_id
    WHERE q.tenant_id = $1 AND q.book_id = $2 AND q.quote_id = $3
"""

# Nobody can carry them out any more, so that no conversion comes up meanwhile.
DELETE_QUOTES: Final = """
    DELETE FROM fx_quote WHERE tenant_id = $1 AND (book_id, quote_id) IN (
        SELECT old.book_id, old.quote_id FROM fx_quote old
        LEFT JOIN fx_conversion used ON used.tenant_id = old.tenant_id
            AND used.book_id = old.book_id AND used.quote_id = old.quote_id
        WHERE old.tenant_id = $1 AND old.expires_at < $2 AND used.quote_id IS NULL LIMIT $3
    )
"""

# The primary key is the quote's: a second one of the same quote cannot be written.
INSERT_CONVERSION: Final = """
    INSERT INTO fx_conversion (tenant_id, book_id, quote_id, seq, from_account, to_account,
        realised, converted_at)
    SELECT $1, book_id, quote_id, seq, from_account, to_account, realised::numeric, converted_at
    FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                $8::timestamptz[])
        AS new (book_id, quote_id, seq, from_account, to_account, realised, converted_at)
"""

FIND_HEAD: Final = """
    SELECT seq FROM lane WHERE tenant_id = $1 AND book_id = $2
"""

FIND_REVALUATION: Final = """
    SELECT report FROM fx_revaluation WHERE tenant_id = $1 AND book_id = $2 AND at = $3
"""

FIND_LAST_REVALUATION: Final = """
    SELECT at FROM fx_revaluation WHERE tenant_id = $1 AND book_id = $2
    ORDER BY number DESC LIMIT 1
"""

FIND_LAST_REVALUATIONS: Final = """
    SELECT r.book_id AS key, r.number, r.at, r.report FROM fx_revaluation r
    WHERE r.tenant_id = $1 AND r.book_id = ANY($2::uuid[]) AND r.number = (
        SELECT max(last.number) FROM fx_revaluation last
        WHERE last.tenant_id = $1 AND last.book_id = r.book_id
    )
"""

INSERT_REVALUATION: Final = """
    INSERT INTO fx_revaluation (tenant_id, book_id, number, at, report, recorded_at)
    SELECT $1, book_id, number, at, report, recorded_at
    FROM unnest($2::uuid[], $3::integer[], $4::timestamptz[], $5::text[], $6::timestamptz[])
        AS new (book_id, number, at, report, recorded_at)
"""
