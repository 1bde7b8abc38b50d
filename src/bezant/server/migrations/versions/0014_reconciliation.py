"""Bank statements as they were sent, and what of them is in the book."""

from alembic import op

revision = "0014"
down_revision = "0013"

PARTITIONS = 16

# What an account's statements are sealed and recognized with, itself sealed. Without the row their
# texts are gone.
STATEMENT_KEY = """
    CREATE TABLE IF NOT EXISTS statement_key (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no)
    ) PARTITION BY HASH (book_id)
"""

STATEMENT_IMPORT = """
    CREATE TABLE IF NOT EXISTS statement_import (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        import_no bigint NOT NULL,
        format text NOT NULL CHECK (format IN ('camt053', 'mt940', 'csv')),
        file_digest bytea NOT NULL,
        lines integer NOT NULL,
        lines_added integer NOT NULL,
        statements integer NOT NULL,
        statements_added integer NOT NULL,
        imported_at timestamptz NOT NULL,
        author text NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no, import_no),
        UNIQUE (tenant_id, book_id, account_no, file_digest)
    ) PARTITION BY HASH (book_id)
"""

# `identity`, `name` and `source` are keyed hashes; `texts` is sealed: identifiers may name people.
BANK_STATEMENT = """
    CREATE TABLE IF NOT EXISTS bank_statement (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        statement_no bigint NOT NULL,
        import_no bigint NOT NULL,
        identity bytea NOT NULL,
        name bytea NOT NULL,
        source bytea NOT NULL,
        texts bytea NOT NULL,
        first_date date NOT NULL,
        last_date date NOT NULL,
        opening numeric(39,0),
        closing numeric(39,0),
        movements numeric(39,0) NOT NULL,
        lines integer NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no, statement_no),
        UNIQUE (tenant_id, book_id, account_no, identity)
    ) PARTITION BY HASH (book_id)
"""

BANK_STATEMENT_BY_NAME = """
    CREATE INDEX IF NOT EXISTS bank_statement_by_name
    ON bank_statement (tenant_id, book_id, account_no, name)
"""

# Numbered through all statements of the account. `identity` tells a line from every other,
# `digest` is of what it says: the same line twice has one digest.
STATEMENT_LINE = """
    CREATE TABLE IF NOT EXISTS statement_line (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        line_no bigint NOT NULL,
        statement_no bigint NOT NULL,
        place integer NOT NULL,
        booking_date date NOT NULL,
        value_date date NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount <> 0),
        repeats bigint NOT NULL,
        identity bytea NOT NULL,
        digest bytea NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no, line_no),
        UNIQUE (tenant_id, book_id, account_no, identity)
    ) PARTITION BY HASH (book_id)
"""

STATEMENT_LINE_BY_DIGEST = """
    CREATE INDEX IF NOT EXISTS statement_line_by_digest
    ON statement_line (tenant_id, book_id, account_no, digest)
"""

# References, texts, names: sealed, and apart, so that they can be erased line by line.
STATEMENT_LINE_CONTENT = """
    CREATE TABLE IF NOT EXISTS statement_line_content (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        line_no bigint NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no, line_no)
    ) PARTITION BY HASH (book_id)
"""

# What was asked, and of what: all up to `seq`, the first `statements` and the first `lines`.
RECONCILIATION = """
    CREATE TABLE IF NOT EXISTS reconciliation (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        reconciliation_id uuid NOT NULL,
        account_no bigint NOT NULL,
        first_date date,
        last_date date NOT NULL,
        seq bigint NOT NULL,
        statements bigint NOT NULL,
        lines bigint NOT NULL,
        rules bytea NOT NULL,
        asked_at timestamptz NOT NULL,
        author text NOT NULL,
        PRIMARY KEY (tenant_id, book_id, reconciliation_id)
    ) PARTITION BY HASH (book_id)
"""

RECONCILIATION_BY_ACCOUNT = """
    CREATE INDEX IF NOT EXISTS reconciliation_by_account
    ON reconciliation (tenant_id, book_id, account_no, reconciliation_id)
"""

# Its presence says that the reconciliation has ended.
RECONCILIATION_RESULT = """
    CREATE TABLE IF NOT EXISTS reconciliation_result (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        reconciliation_id uuid NOT NULL,
        summary bytea NOT NULL,
        ended_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, reconciliation_id)
    ) PARTITION BY HASH (book_id)
"""

RECONCILIATION_MATCH = """
    CREATE TABLE IF NOT EXISTS reconciliation_match (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        reconciliation_id uuid NOT NULL,
        match_no bigint NOT NULL,
        account_no bigint NOT NULL,
        rule text NOT NULL,
        cardinality text NOT NULL,
        lines text NOT NULL,
        entries text NOT NULL,
        agreed text NOT NULL,
        difference numeric(39,0) NOT NULL,
        days integer NOT NULL,
        author text NOT NULL,
        reason bytea,
        matched_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, reconciliation_id, match_no)
    ) PARTITION BY HASH (book_id)
"""

RECONCILIATION_UNDOING = """
    CREATE TABLE IF NOT EXISTS reconciliation_undoing (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        reconciliation_id uuid NOT NULL,
        match_no bigint NOT NULL,
        account_no bigint NOT NULL,
        author text NOT NULL,
        reason bytea NOT NULL,
        undone_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, reconciliation_id, match_no)
    ) PARTITION BY HASH (book_id)
"""

# A line has its number; an entry its `seq` and leg.
RECONCILIATION_BREAK = """
    CREATE TABLE IF NOT EXISTS reconciliation_break (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        reconciliation_id uuid NOT NULL,
        break_no bigint NOT NULL,
        account_no bigint NOT NULL,
        side text NOT NULL CHECK (side IN ('line', 'entry')),
        item bigint NOT NULL,
        amount numeric(39,0) NOT NULL,
        booking_date date NOT NULL,
        reason text NOT NULL,
        related text NOT NULL,
        related_side text NOT NULL,
        PRIMARY KEY (tenant_id, book_id, reconciliation_id, break_no)
    ) PARTITION BY HASH (book_id)
"""

# The present, as matches and their undoings make it: the key lets nothing be in two matches.
RECONCILED_ITEM = """
    CREATE TABLE IF NOT EXISTS reconciled_item (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        side text NOT NULL CHECK (side IN ('line', 'entry')),
        item bigint NOT NULL,
        reconciliation_id uuid NOT NULL,
        match_no bigint NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no, side, item)
    ) PARTITION BY HASH (book_id)
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number})
"""

PARTITIONED = (
    "statement_key",
    "statement_import",
    "bank_statement",
    "statement_line",
    "statement_line_content",
    "reconciliation",
    "reconciliation_result",
    "reconciliation_match",
    "reconciliation_undoing",
    "reconciliation_break",
    "reconciled_item",
)


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        STATEMENT_KEY,
        STATEMENT_IMPORT,
        BANK_STATEMENT,
        STATEMENT_LINE,
        STATEMENT_LINE_CONTENT,
        RECONCILIATION,
        RECONCILIATION_RESULT,
        RECONCILIATION_MATCH,
        RECONCILIATION_UNDOING,
        RECONCILIATION_BREAK,
        RECONCILED_ITEM,
    ):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(PARTITION.format(table=table, number=number, modulus=PARTITIONS))
    for statement in (BANK_STATEMENT_BY_NAME, STATEMENT_LINE_BY_DIGEST, RECONCILIATION_BY_ACCOUNT):
        op.execute(statement)
