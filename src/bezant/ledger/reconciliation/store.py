"""SQL of statements and reconciliations."""

from typing import Final

FIND_KEY: Final = """
    SELECT sealed FROM statement_key WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3
"""

INSERT_KEY: Final = """
    INSERT INTO statement_key (tenant_id, book_id, account_no, sealed) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, book_id, account_no) DO NOTHING
"""

# The last numbers that were given: what is imported next follows them.
FIND_NUMBERS: Final = """
    SELECT
        (SELECT coalesce(max(import_no), 0) FROM statement_import
         WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3) AS imports,
        (SELECT coalesce(max(statement_no), 0) FROM bank_statement
         WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3) AS statements,
        (SELECT coalesce(max(line_no), 0) FROM statement_line
         WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3) AS lines
"""

FIND_IMPORT_OF_FILE: Final = """
    SELECT import_no FROM statement_import
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND file_digest = $4
"""

INSERT_IMPORT: Final = """
    INSERT INTO statement_import (tenant_id, book_id, account_no, import_no, format, file_digest,
        lines, lines_added, statements, statements_added, imported_at, author)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

FIND_IMPORTS: Final = """
    SELECT import_no, format, lines, lines_added, statements, statements_added, imported_at, author
    FROM statement_import
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND import_no > $4
    ORDER BY import_no LIMIT $5
"""

FIND_STATEMENTS_OF_IMPORT: Final = """
    SELECT statement_no, identity, texts, first_date, last_date, opening, closing, movements, lines
    FROM bank_statement
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND import_no = $4
    ORDER BY statement_no LIMIT $5
"""

# Statements that are there already, and others that the bank calls the same.
FIND_KNOWN_STATEMENTS: Final = """
    SELECT statement_no, identity, name, lines FROM bank_statement
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND name = ANY($4::bytea[])
"""

# How many of a statement's lines there are, and how many of them are among others.
COUNT_LINES: Final = """
    SELECT count(*) AS count, count(*) FILTER (WHERE identity = ANY($5::bytea[])) AS among
    FROM statement_line
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND statement_no = $4
"""

# Another account at the bank that statements were taken from; an empty source says nothing.
FIND_OTHER_SOURCE: Final = """
    SELECT statement_no FROM bank_statement
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND source <> $4 AND source <> ''
    LIMIT 1
"""

FIND_KNOWN_LINES: Final = """
    SELECT identity FROM statement_line
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND identity = ANY($4::bytea[])
"""

FIND_SAID_BEFORE: Final = """
    SELECT digest, min(line_no) AS line_no FROM statement_line
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND digest = ANY($4::bytea[])
    GROUP BY digest
"""

INSERT_STATEMENTS: Final = """
    INSERT INTO bank_statement (tenant_id, book_id, account_no, statement_no, import_no, identity,
        name, source, texts, first_date, last_date, opening, closing, movements, lines)
    SELECT $1, $2, $3, statement_no, $4, identity, name, source, texts, first_date, last_date,
        opening::numeric, closing::numeric, movements::numeric, lines
    FROM unnest($5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[], $10::date[],
                $11::date[], $12::text[], $13::text[], $14::text[], $15::integer[])
        AS new (statement_no, identity, name, source, texts, first_date, last_date, opening,
                closing, movements, lines)
"""

INSERT_LINES: Final = """
    INSERT INTO statement_line (tenant_id, book_id, account_no, line_no, statement_no, place,
        booking_date, value_date, amount, repeats, identity, digest)
    SELECT $1, $2, $3, line_no, statement_no, place, booking_date, value_date, amount::numeric,
        repeats, identity, digest
    FROM unnest($4::bigint[], $5::bigint[], $6::integer[], $7::date[], $8::date[], $9::text[],
                $10::bigint[], $11::bytea[], $12::bytea[])
        AS new (line_no, statement_no, place, booking_date, value_date, amount, repeats, identity,
                digest)
"""

INSERT_LINE_CONTENT: Final = """
    INSERT INTO statement_line_content (tenant_id, book_id, account_no, line_no, content)
    SELECT $1, $2, $3, line_no, content
    FROM unnest($4::bigint[], $5::bytea[]) AS new (line_no, content)
"""

INSERT_RECONCILIATION: Final = """
    INSERT INTO reconciliation (tenant_id, book_id, reconciliation_id, account_no, first_date,
        last_date, seq, statements, lines, rules, asked_at, author)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

FIND_HEAD: Final = "SELECT seq FROM lane WHERE tenant_id = $1 AND book_id = $2"

FIND_RECONCILIATION: Final = """
    SELECT r.reconciliation_id, r.account_no, a.account_id, a.asset, a.type, r.first_date,
        r.last_date, r.seq, r.statements, r.lines, r.rules, r.asked_at, r.author,
        e.summary, e.ended_at
    FROM reconciliation r
    JOIN account a ON a.tenant_id = $1 AND a.book_id = $2 AND a.account_no = r.account_no
    LEFT JOIN reconciliation_result e ON e.tenant_id = $1 AND e.book_id = $2
        AND e.reconciliation_id = r.reconciliation_id
    WHERE r.tenant_id = $1 AND r.book_id = $2 AND r.reconciliation_id = $3
"""

FIND_UNFINISHED: Final = """
    SELECT r.reconciliation_id FROM reconciliation r
    LEFT JOIN reconciliation_result e ON e.tenant_id = $1 AND e.book_id = $2
        AND e.reconciliation_id = r.reconciliation_id
    WHERE r.tenant_id = $1 AND r.book_id = $2 AND r.account_no = $3 AND e.reconciliation_id IS NULL
    LIMIT 1
"""

# Pages of lines, and beside them what of the same range is matched and what it says. Each is a
# range of a primary key: right after a large import the planner knows nothing of the tables, and
# joins of them went wrong by minutes.
FIND_LINES_AFTER: Final = """
    SELECT line_no, booking_date, value_date, amount, repeats, identity FROM statement_line
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND line_no > $4 AND line_no <= $5
    ORDER BY line_no LIMIT $6
"""

FIND_CONTENT_BETWEEN: Final = """
    SELECT line_no, content FROM statement_line_content
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND line_no BETWEEN $4 AND $5
"""

# What a reconciliation matched itself, before it was interrupted, counts as open.
FIND_MATCHED_BETWEEN: Final = """
    SELECT item FROM reconciled_item
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND side = $4
        AND item BETWEEN $5 AND $6 AND reconciliation_id <> $7
"""

# Entries that moved money. Each branch walks its own index from the place on.
FIND_ENTRIES_AFTER: Final = """
    SELECT e.seq, e.leg, e.direction, e.amount, e.code, e.booking_date, e.value_date,
        e.transaction_id, o.account_id AS counterparty, c.content
    FROM (
        (SELECT seq, leg, 'debit' AS direction, credit_no AS other_no, amount, code, booking_date,
            value_date, transaction_id
         FROM transfer WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3
            AND (seq, leg) > ($4, $5) AND seq <= $6 AND booking_date BETWEEN $7 AND $8
            AND kind IN ('posted', 'captured') AND amount > 0
         ORDER BY seq, leg LIMIT $9)
        UNION ALL
        (SELECT seq, leg, 'credit' AS direction, debit_no AS other_no, amount, code, booking_date,
            value_date, transaction_id
         FROM transfer WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3
            AND (seq, leg) > ($4, $5) AND seq <= $6 AND booking_date BETWEEN $7 AND $8
            AND kind IN ('posted', 'captured') AND amount > 0
         ORDER BY seq, leg LIMIT $9)
        ORDER BY seq, leg LIMIT $9
    ) AS e
    JOIN account o ON o.tenant_id = $1 AND o.book_id = $2 AND o.account_no = e.other_no
    LEFT JOIN transaction_content c ON c.tenant_id = $1 AND c.book_id = $2 AND c.seq = e.seq
    ORDER BY e.seq, e.leg
"""

# What people took apart, and did not put together again.
FIND_UNDONE: Final = """
    SELECT m.lines, m.entries FROM reconciliation_undoing u
    JOIN reconciliation_match m ON m.tenant_id = $1 AND m.book_id = $2
        AND m.reconciliation_id = u.reconciliation_id AND m.match_no = u.match_no
    WHERE u.tenant_id = $1 AND u.book_id = $2 AND u.account_no = $3
"""

FIND_STORED: Final = """
    SELECT
        (SELECT coalesce(max(match_no), 0) FROM reconciliation_match
         WHERE tenant_id = $1 AND book_id = $2 AND reconciliation_id = $3) AS matches,
        (SELECT coalesce(max(break_no), 0) FROM reconciliation_break
         WHERE tenant_id = $1 AND book_id = $2 AND reconciliation_id = $3) AS breaks
"""

INSERT_MATCHES: Final = """
    INSERT INTO reconciliation_match (tenant_id, book_id, reconciliation_id, match_no, account_no,
        rule, cardinality, lines, entries, agreed, difference, days, author, reason, matched_at)
    SELECT $1, $2, $3, match_no, $4, rule, cardinality, lines, entries, agreed,
        difference::numeric, days, $5, $6, $7
    FROM unnest($8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                $14::text[], $15::integer[])
        AS new (match_no, rule, cardinality, lines, entries, agreed, difference, days)
"""

INSERT_RECONCILED: Final = """
    INSERT INTO reconciled_item (tenant_id, book_id, account_no, side, item, reconciliation_id,
        match_no)
    SELECT $1, $2, $3, side, item, $4, match_no
    FROM unnest($5::text[], $6::bigint[], $7::bigint[]) AS new (side, item, match_no)
"""

DELETE_RECONCILED: Final = """
    DELETE FROM reconciled_item WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3
        AND side = $4 AND item = ANY($5::bigint[]) AND reconciliation_id = $6
        AND match_no = $7
"""

INSERT_BREAKS: Final = """
    INSERT INTO reconciliation_break (tenant_id, book_id, reconciliation_id, break_no, account_no,
        side, item, amount, booking_date, reason, related, related_side)
    SELECT $1, $2, $3, break_no, $4, side, item, amount::numeric, booking_date, reason, related,
        related_side
    FROM unnest($5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::date[], $10::text[],
                $11::text[], $12::text[])
        AS new (break_no, side, item, amount, booking_date, reason, related, related_side)
"""

INSERT_RESULT: Final = """
    INSERT INTO reconciliation_result (tenant_id, book_id, reconciliation_id, summary, ended_at)
    VALUES ($1, $2, $3, $4, $5)
"""

SUM_LINES: Final = """
    SELECT coalesce(sum(amount), 0) AS amount FROM statement_line
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND line_no <= $4
        AND booking_date BETWEEN $5 AND $6
"""

# The first statement of a period and the last: what they state.
FIND_STATED_CLOSING: Final = """
    SELECT last_date, closing FROM bank_statement
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND closing IS NOT NULL
        AND last_date BETWEEN $4 AND $5 AND statement_no <= $6
    ORDER BY last_date DESC, statement_no DESC LIMIT 1
"""

FIND_STATED_OPENING: Final = """
    SELECT first_date, opening FROM bank_statement
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND opening IS NOT NULL
        AND last_date BETWEEN $4 AND $5 AND statement_no <= $6
    ORDER BY first_date, statement_no LIMIT 1
"""

FIND_MATCHES: Final = """
    SELECT m.match_no, m.rule, m.cardinality, m.lines, m.entries, m.agreed, m.difference, m.days,
        m.author, m.reason, m.matched_at, u.author AS undone_by, u.reason AS undone_reason,
        u.undone_at
    FROM reconciliation_match m
    LEFT JOIN reconciliation_undoing u ON u.tenant_id = $1 AND u.book_id = $2
        AND u.reconciliation_id = $3 AND u.match_no = m.match_no
    WHERE m.tenant_id = $1 AND m.book_id = $2 AND m.reconciliation_id = $3 AND m.match_no > $4
    ORDER BY m.match_no LIMIT $5
"""

FIND_BREAKS: Final = """
    SELECT b.break_no, b.side, b.item, b.amount, b.booking_date, b.reason, b.related,
        b.related_side, i.reconciliation_id AS resolved_in, i.match_no AS resolved_by
    FROM reconciliation_break b
    LEFT JOIN reconciled_item i ON i.tenant_id = $1 AND i.book_id = $2
        AND i.account_no = b.account_no AND i.side = b.side AND i.item = b.item
    WHERE b.tenant_id = $1 AND b.book_id = $2 AND b.reconciliation_id = $3 AND b.break_no > $4
    ORDER BY b.break_no LIMIT $5
"""

FIND_LINES: Final = """
    SELECT l.line_no, l.place, l.booking_date, l.value_date, l.amount, l.identity, c.content
    FROM statement_line l
    LEFT JOIN statement_line_content c ON c.tenant_id = $1 AND c.book_id = $2
        AND c.account_no = $3 AND c.line_no = l.line_no
    WHERE l.tenant_id = $1 AND l.book_id = $2 AND l.account_no = $3
        AND l.line_no = ANY($4::bigint[])
"""

FIND_ENTRIES: Final = """
    SELECT t.seq, t.leg, t.transaction_id, t.debit_no, t.amount, t.booking_date, t.value_date,
        t.kind
    FROM transfer t
    JOIN unnest($4::bigint[], $5::smallint[]) AS asked (seq, leg)
        ON t.seq = asked.seq AND t.leg = asked.leg
    WHERE t.tenant_id = $1 AND t.book_id = $2 AND (t.debit_no = $3 OR t.credit_no = $3)
"""

FIND_LAST_MATCH: Final = """
    SELECT coalesce(max(match_no), 0) AS match_no FROM reconciliation_match
    WHERE tenant_id = $1 AND book_id = $2 AND reconciliation_id = $3
"""

INSERT_UNDOING: Final = """
    INSERT INTO reconciliation_undoing (tenant_id, book_id, reconciliation_id, match_no, account_no,
        author, reason, undone_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
