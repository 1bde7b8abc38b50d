"""SQL of safeguarding.

Riders read by identifiers that follow from what a row is about, so that each read is one look-up.
"""

from typing import Final

READ_ARRANGEMENTS: Final = """
    SELECT a.arrangement_id AS key, a.arrangement_id, a.institution_id, a.ledger_book, a.asset,
        a.version, a.since, a.shortfall_incident, a.excess_incident, t.terms, t.agreed_at
    FROM safeguarding_arrangement AS a
    JOIN safeguarding_terms AS t ON t.tenant_id = $1 AND t.arrangement_id = a.arrangement_id
        AND t.version = a.version
    WHERE a.tenant_id = $1 AND a.arrangement_id = ANY($2::uuid[])
"""

SAVE_ARRANGEMENTS: Final = """
    INSERT INTO safeguarding_arrangement (tenant_id, arrangement_id, institution_id, ledger_book,
        asset, version, since, shortfall_incident, excess_incident)
    SELECT $1, arrangement_id, institution_id, ledger_book, asset, version, since,
        shortfall_incident, excess_incident
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[], $7::date[],
                $8::uuid[], $9::uuid[])
        AS new (arrangement_id, institution_id, ledger_book, asset, version, since,
                shortfall_incident, excess_incident)
    ON CONFLICT (tenant_id, arrangement_id) DO UPDATE SET
        version = excluded.version, shortfall_incident = excluded.shortfall_incident,
        excess_incident = excluded.excess_incident
"""

INSERT_TERMS: Final = """
    INSERT INTO safeguarding_terms (tenant_id, arrangement_id, version, terms, agreed_at, agreed_by)
    SELECT $1, arrangement_id, version, terms, agreed_at, agreed_by
    FROM unnest($2::uuid[], $3::integer[], $4::bytea[], $5::timestamptz[], $6::text[])
        AS new (arrangement_id, version, terms, agreed_at, agreed_by)
"""

FIND_TERMS: Final = """
    SELECT terms FROM safeguarding_terms
    WHERE tenant_id = $1 AND arrangement_id = $2 AND version = $3
"""

LIST_ARRANGEMENTS: Final = """
    SELECT arrangement_id FROM safeguarding_arrangement
    WHERE tenant_id = $1 AND arrangement_id > $2
    ORDER BY arrangement_id LIMIT $3
"""

# A day with what it came to, if that is known.
READ_DAYS: Final = """
    SELECT c.reconciliation_id AS key, c.reconciliation_id, c.arrangement_id, c.day, c.version,
        c.known_at, c.begun_at, c.begun_by, r.outcome, r.shortfall, r.excess, r.figures,
        r.incident_id, r.completed_at
    FROM safeguarding_cut AS c
    LEFT JOIN safeguarding_result AS r ON r.tenant_id = $1 AND r.arrangement_id = c.arrangement_id
        AND r.day = c.day
    WHERE c.tenant_id = $1 AND c.reconciliation_id = ANY($2::uuid[])
"""

LIST_DAYS: Final = """
    SELECT reconciliation_id FROM safeguarding_cut
    WHERE tenant_id = $1 AND arrangement_id = $2 AND day > $3
    ORDER BY day LIMIT $4
"""

# Its keys are the compare-and-set: a day is cut once.
INSERT_CUTS: Final = """
    INSERT INTO safeguarding_cut (tenant_id, reconciliation_id, arrangement_id, day, version,
        known_at, begun_at, begun_by)
    SELECT $1, reconciliation_id, arrangement_id, day, version, known_at, begun_at, begun_by
    FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::integer[], $6::timestamptz[],
                $7::timestamptz[], $8::text[])
        AS new (reconciliation_id, arrangement_id, day, version, known_at, begun_at, begun_by)
"""

# Its keys are the compare-and-set: a day has one result.
INSERT_RESULTS: Final = """
    INSERT INTO safeguarding_result (tenant_id, arrangement_id, day, known_seq, resource,
        requirement, shortfall, excess, outcome, figures, incident_id, completed_at)
    SELECT $1, arrangement_id, day, known_seq, resource, requirement, shortfall, excess, outcome,
        figures, incident_id, completed_at
    FROM unnest($2::uuid[], $3::date[], $4::bigint[], $5::numeric[], $6::numeric[], $7::numeric[],
                $8::numeric[], $9::text[], $10::bytea[], $11::uuid[], $12::timestamptz[])
        AS new (arrangement_id, day, known_seq, resource, requirement, shortfall, excess, outcome,
                figures, incident_id, completed_at)
"""

READ_INCIDENTS: Final = """
    SELECT i.incident_id AS key, i.incident_id, i.arrangement_id, i.kind, i.state, i.seq,
        i.first_day, i.last_day, i.amount, i.covered_on, i.acknowledged_by
    FROM safeguarding_incident AS i
    WHERE i.tenant_id = $1 AND i.incident_id = ANY($2::uuid[])
"""

COUNT_UNCLOSED: Final = """
    SELECT kind, state, count(*) AS incidents FROM safeguarding_incident
    WHERE state <> 'closed'
    GROUP BY kind, state
"""

# The incident of an arrangement that is not closed, by `arrangement/kind`.
READ_UNCLOSED: Final = """
    SELECT asked.key, i.incident_id, i.arrangement_id, i.kind, i.state, i.seq, i.first_day,
        i.last_day, i.amount, i.covered_on, i.acknowledged_by
    FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT CASE split_part(asked.key, '/', 2) WHEN 'shortfall' THEN a.shortfall_incident
            ELSE a.excess_incident END AS incident_id
        FROM safeguarding_arrangement AS a
        WHERE a.tenant_id = $1 AND a.arrangement_id = split_part(asked.key, '/', 1)::uuid
        LIMIT 1
    ) AS unclosed
    CROSS JOIN LATERAL (
        SELECT f.incident_id, f.arrangement_id, f.kind, f.state, f.seq, f.first_day, f.last_day,
            f.amount, f.covered_on, f.acknowledged_by
        FROM safeguarding_incident AS f
        WHERE f.tenant_id = $1 AND f.incident_id = unclosed.incident_id
        LIMIT 1
    ) AS i
"""

SAVE_INCIDENTS: Final = """
    INSERT INTO safeguarding_incident (tenant_id, incident_id, arrangement_id, kind, state, seq,
        first_day, last_day, amount, covered_on, acknowledged_by)
    SELECT $1, incident_id, arrangement_id, kind, state, seq, first_day, last_day, amount,
        covered_on, acknowledged_by
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[], $7::date[],
                $8::date[], $9::numeric[], $10::date[], $11::text[])
        AS new (incident_id, arrangement_id, kind, state, seq, first_day, last_day, amount,
                covered_on, acknowledged_by)
    ON CONFLICT (tenant_id, incident_id) DO UPDATE SET
        state = excluded.state, seq = excluded.seq, first_day = excluded.first_day,
        last_day = excluded.last_day, amount = excluded.amount, covered_on = excluded.covered_on,
        acknowledged_by = excluded.acknowledged_by
"""

# Its keys are the compare-and-set: of two that decided on the same state, one is decided again.
INSERT_STEPS: Final = """
    INSERT INTO safeguarding_step (tenant_id, incident_id, seq, before_seq, from_state, to_state,
        reason, at, actor)
    SELECT $1, incident_id, seq, before_seq, from_state, to_state, reason, at, actor
    FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
                $8::timestamptz[], $9::text[])
        AS new (incident_id, seq, before_seq, from_state, to_state, reason, at, actor)
"""

LIST_INCIDENTS: Final = """
    SELECT incident_id FROM safeguarding_incident
    WHERE tenant_id = $1 AND incident_id > $2
    ORDER BY incident_id LIMIT $3
"""

LIST_STEPS: Final = """
    SELECT to_state, reason, at, actor FROM safeguarding_step
    WHERE tenant_id = $1 AND incident_id = $2 ORDER BY seq
"""

# The ledger's accounts of an institution's customers in an asset, by product.
FIND_CUSTOMERS: Final = """
    SELECT b.product_id, array_agg(l.account_no) AS account_nos
    FROM bank_account AS b
    JOIN account AS l ON l.tenant_id = $1 AND l.book_id = $2
        AND l.account_id = 'accounts:' || b.account_id::text || ':' || $4::text
    WHERE b.tenant_id = $1 AND b.ledger_book = $2 AND b.institution_id = $3
    GROUP BY b.product_id
"""

# All other accounts in the asset, but for what waits for another institution of the book.
FIND_OTHERS: Final = """
    SELECT a.account_id, a.account_no FROM account AS a
    WHERE a.tenant_id = $1 AND a.book_id = $2 AND a.asset = $3
        AND a.account_id NOT LIKE 'accounts:%'
        AND NOT EXISTS (
            SELECT FROM unapplied_money AS u
            WHERE u.tenant_id = $1 AND u.ledger_book = $2 AND u.institution_id <> $4
                AND a.account_id = 'unapplied:' || u.unapplied_id::text
        )
"""

# What the bank says of an account at the end of a day, of what was imported by an instant.
FIND_STATED: Final = """
    SELECT s.closing
    FROM bank_statement AS s
    JOIN statement_import AS i ON i.tenant_id = $1 AND i.book_id = $2 AND i.account_no = $3
        AND i.import_no = s.import_no
    WHERE s.tenant_id = $1 AND s.book_id = $2 AND s.account_no = $3 AND s.last_date = $4
        AND s.closing IS NOT NULL AND i.imported_at <= $5
    ORDER BY s.statement_no DESC LIMIT 1
"""
