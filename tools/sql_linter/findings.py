"""What the linter forbids, why, and where it found it."""

from dataclasses import dataclass
from enum import Enum


class Rule(Enum):
    """A rule: its stable name, and the reason that a finding gives."""

    KEY_LEADS = (
        "key-leads-with-tenant",
        "Tables are distributed by tenant, then book: another key cannot be kept on one shard.",
    )
    TENANT_GIVEN = (
        "tenant-in-statement",
        "A statement without the tenant reads other tenants' rows, and visits every shard.",
    )
    BOOK_GIVEN = (
        "book-in-statement",
        "A statement without the book locks every partition: other books' batches abort.",
    )
    UNKNOWN_TABLE = (
        "unknown-table",
        "No migration creates this table, so its keys and columns cannot be checked.",
    )
    TRIGGERS = (
        "no-triggers",
        "Distributed engines refuse triggers, and the store does not show what they do.",
    )
    FUNCTIONS = (
        "no-stored-code",
        "Stored functions, procedures and DO are not portable or versioned with the code.",
    )
    SEQUENCES = (
        "no-sequences",
        "Identifiers are UUIDv7 of the application: a sequence is a hot spot, and has gaps.",
    )
    ADVISORY_LOCKS = (
        "no-advisory-locks",
        "Poolers lose advisory locks and other engines lack them: nothing can rest on them.",
    )
    NOTIFY = (
        "no-listen-notify",
        "Poolers lose LISTEN and other engines lack it: notifications may not carry work.",
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
        "SKIP LOCKED fails under SERIALIZABLE on YugabyteDB: claim by a conditional UPDATE.",
    )
    ONE_WRITE = (
        "one-write-per-table",
        "Two writes of a table in one statement share a snapshot, in no defined order.",
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
        "A star changes meaning with the schema, and old code must work on a newer one.",
    )
    CONFLICT_TARGET = (
        "conflict-target",
        "ON CONFLICT without a target hides violations of every other key.",
    )
    COPY = (
        "copy-behind-capability",
        "COPY is some engines' accelerator: it needs the capability flag and a plain path.",
    )
    FORMATTED = (
        "no-formatted-sql",
        "SQL put together from pieces is how an injection gets in: use parameters.",
    )
    OUTSIDE_STORE = (
        "sql-in-stores-only",
        "SQL is a module-level constant of a store, where it is read, reviewed and measured.",
    )
    MIGRATION_SQL = (
        "migrations-are-sql",
        "A migration passes SQL constants to `op.execute`: this linter reads what will run.",
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
