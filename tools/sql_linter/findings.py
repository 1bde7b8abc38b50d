"""What the linter forbids, why, and where it found it."""

from dataclasses import dataclass
from enum import Enum


class Rule(Enum):
    """A rule: its stable name, and the reason that a finding gives."""

    KEY_LEADS = (
        "key-leads-with-tenant",
        "Tables are distributed by tenant, then by book: a key that starts otherwise cannot be held on one shard.",
    )
    TENANT_GIVEN = (
        "tenant-in-statement",
        "A statement without the tenant reads other tenants' rows, and visits every shard.",
    )
    BOOK_GIVEN = (
        "book-in-statement",
        "A statement without the book visits every partition, and its locks make other books' batches abort.",
    )
    UNKNOWN_TABLE = (
        "unknown-table",
        "No migration creates this table, so its keys and columns cannot be checked.",
    )
    TRIGGERS = (
        "no-triggers",
        "Distributed engines refuse triggers, and a reader of the store does not see what they do.",
    )
    FUNCTIONS = (
        "no-stored-code",
        "Stored functions, procedures and DO blocks are not portable, and are not versioned with the code.",
    )
    SEQUENCES = (
        "no-sequences",
        "Identifiers are UUIDv7 made by the application: a sequence is a hot spot, has gaps, and is not portable.",
    )
    ADVISORY_LOCKS = (
        "no-advisory-locks",
        "Advisory locks are lost by poolers and are unknown to other engines: correctness cannot rest on them.",
    )
    NOTIFY = (
        "no-listen-notify",
        "LISTEN and NOTIFY are lost by poolers and are unknown to other engines: they may not carry work.",
    )
    EXCLUSION = (
        "no-exclusion-constraints",
        "Exclusion constraints exist in PostgreSQL alone, and not across shards.",
    )
    LOCK_TABLE = (
        "no-lock-table",
        "LOCK TABLE stops every tenant and is unknown to other engines.",
    )
    SKIP_LOCKED = (
        "no-skip-locked",
        "SKIP LOCKED fails under SERIALIZABLE on YugabyteDB: claim by a conditional UPDATE instead.",
    )
    ONE_WRITE = (
        "one-write-per-table",
        "Two writes of one table in one statement see one snapshot, and their order is not defined.",
    )
    HISTORY = (
        "history-is-append-only",
        "History is never changed or removed: a correction is a new entry.",
    )
    INEXACT = (
        "no-inexact-types",
        "Floating point and `money` round: amounts are numeric(39,0) minor units.",
    )
    STAR = (
        "no-select-star",
        "A star changes its meaning with the schema, and old code must work on a newer schema.",
    )
    CONFLICT_TARGET = (
        "conflict-target",
        "ON CONFLICT without a target hides violations of every other key.",
    )
    COPY = (
        "copy-behind-capability",
        "COPY is an accelerator of some engines: it needs the capability flag, and a plain path beside it.",
    )
    FORMATTED = (
        "no-formatted-sql",
        "SQL put together from pieces cannot be read here, and is how an injection gets in: use parameters.",
    )
    OUTSIDE_STORE = (
        "sql-in-stores-only",
        "SQL is a named module-level constant of a store, where it is read, reviewed and measured.",
    )
    MIGRATION_SQL = (
        "migrations-are-sql",
        "A migration passes SQL constants to `op.execute`, so that this linter and a person read the same.",
    )
    UNPARSED = (
        "unparsed",
        "The statement cannot be read, so nothing about it is checked.",
    )
    STALE = (
        "stale-exception",
        "An exception that nothing needs would silently allow the next mistake.",
    )

    def __init__(self, code: str, why: str) -> None:
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one rule.

    Attributes:
        rule: what is broken.
        path: the file, from the source folder.
        line: where the statement or the call starts.
        detail: what it is about: the constant, table or column.
    """

    rule: Rule
    path: str
    line: int
    detail: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule.code}: {self.detail}. {self.rule.why}"
