"""Books, accounts, transfers, balances, and the lane that writes them.

Every table of a book is hash-partitioned by book: the database promotes predicate locks to the
relation, so books that share one relation abort each other's transactions although they share no
row.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

PARTITIONS = 16

BOOK = """
    CREATE TABLE IF NOT EXISTS book (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        name text NOT NULL,
        time_zone text NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id)
    )
"""

ASSET = """
    CREATE TABLE IF NOT EXISTS asset (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        code text NOT NULL,
        scale smallint NOT NULL CHECK (scale BETWEEN 0 AND 18),
        PRIMARY KEY (tenant_id, book_id, code)
    )
"""

# One row per book, the only one that every batch updates. `frontier` is the Merkle log's right
# edge, 32 bytes a node; `root` the log's root over `log_size` batches.
LANE = """
    CREATE TABLE IF NOT EXISTS lane (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        epoch bigint NOT NULL,
        version bigint NOT NULL,
        seq bigint NOT NULL,
        accounts bigint NOT NULL,
        log_size bigint NOT NULL,
        frontier bytea NOT NULL,
        root bytea NOT NULL,
        recorded_at timestamptz NOT NULL,
        holder text NOT NULL,
        lease_until timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id)
    ) PARTITION BY HASH (book_id)
"""

ACCOUNT = """
    CREATE TABLE IF NOT EXISTS account (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        account_id text COLLATE "C" NOT NULL,
        asset text NOT NULL,
        type text NOT NULL CHECK (type IN ('asset', 'liability', 'equity', 'income', 'expense')),
        status text NOT NULL CHECK (status IN ('open', 'frozen', 'closed')),
        overdraft numeric(39,0),
        minimum numeric(39,0),
        maximum numeric(39,0),
        opened_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no),
        UNIQUE (tenant_id, book_id, account_id)
    ) PARTITION BY HASH (book_id)
"""

BALANCE = """
    CREATE TABLE IF NOT EXISTS balance (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        debits_posted numeric(39,0) NOT NULL,
        credits_posted numeric(39,0) NOT NULL,
        debits_pending numeric(39,0) NOT NULL,
        credits_pending numeric(39,0) NOT NULL,
        version bigint NOT NULL,
        as_of timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_no)
    ) PARTITION BY HASH (book_id)
"""

TRANSFER = """
    CREATE TABLE IF NOT EXISTS transfer (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        leg smallint NOT NULL,
        transaction_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('posted')),
        debit_no bigint NOT NULL,
        credit_no bigint NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        code text NOT NULL,
        booking_date date NOT NULL,
        value_date date NOT NULL,
        effective_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        content_hash bytea,
        PRIMARY KEY (tenant_id, book_id, seq, leg)
    ) PARTITION BY HASH (book_id)
"""

TRANSFER_BY_TRANSACTION = """
    CREATE UNIQUE INDEX IF NOT EXISTS transfer_by_transaction
    ON transfer (tenant_id, book_id, transaction_id, leg)
"""

TRANSFER_BY_DEBIT = """
    CREATE INDEX IF NOT EXISTS transfer_by_debit
    ON transfer (tenant_id, book_id, debit_no, seq, leg)
"""

TRANSFER_BY_CREDIT = """
    CREATE INDEX IF NOT EXISTS transfer_by_credit
    ON transfer (tenant_id, book_id, credit_no, seq, leg)
"""

# What may be erased: metadata, names, references. The postings commit to it by `content_hash`,
# which is salted, so that an erased content cannot be guessed back from its hash.
TRANSACTION_CONTENT = """
    CREATE TABLE IF NOT EXISTS transaction_content (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        salt bytea NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (tenant_id, book_id, seq)
    ) PARTITION BY HASH (book_id)
"""

ACCOUNT_EVENT = """
    CREATE TABLE IF NOT EXISTS account_event (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('opened', 'changed')),
        account_no bigint NOT NULL,
        account_id text COLLATE "C" NOT NULL,
        asset text NOT NULL,
        type text NOT NULL,
        status text NOT NULL,
        overdraft numeric(39,0),
        minimum numeric(39,0),
        maximum numeric(39,0),
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, seq)
    ) PARTITION BY HASH (book_id)
"""

BATCH = """
    CREATE TABLE IF NOT EXISTS batch (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        batch_no bigint NOT NULL,
        first_seq bigint NOT NULL,
        last_seq bigint NOT NULL,
        root bytea NOT NULL,
        PRIMARY KEY (tenant_id, book_id, batch_no)
    ) PARTITION BY HASH (book_id)
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number}){storage}
"""

# Rows that are updated in place need room on their page, so that an update touches no index.
STORAGE = {
    "lane": " WITH (fillfactor = 10)",
    "balance": " WITH (fillfactor = 50)",
}

PARTITIONED = (
    "lane",
    "account",
    "balance",
    "transfer",
    "transaction_content",
    "account_event",
    "batch",
)


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        BOOK,
        ASSET,
        LANE,
        ACCOUNT,
        BALANCE,
        TRANSFER,
        TRANSACTION_CONTENT,
        ACCOUNT_EVENT,
        BATCH,
    ):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(
                PARTITION.format(
                    table=table, number=number, modulus=PARTITIONS, storage=STORAGE.get(table, "")
                )
            )
    for statement in (TRANSFER_BY_TRANSACTION, TRANSFER_BY_DEBIT, TRANSFER_BY_CREDIT):
        op.execute(statement)
