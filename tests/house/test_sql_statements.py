"""Every rule finds a statement that it forbids, and lets its closest allowed neighbour pass."""

from pathlib import Path

import pytest

from house.sql_bank import MINE, rules_broken, store
from tools.sql_linter import Policy, Rule

OF_ACCOUNT = "account.tenant_id = $1 AND account.book_id = $2"


def columns(rest: str) -> str:
    return f"CREATE TABLE thing (tenant_id uuid, book_id uuid, {rest})"


KEYED = "PRIMARY KEY (tenant_id, book_id, n)"

STATEMENTS = [
    # What is forbidden, and the closest thing that is not.
    (
        Rule.KEY_LEADS,
        columns("n int, PRIMARY KEY (n, tenant_id, book_id)"),
        columns(f"n int, {KEYED}"),
    ),
    (
        Rule.KEY_LEADS,
        columns("n int, PRIMARY KEY (tenant_id, n)"),
        "CREATE TABLE thing (tenant_id uuid, n int, PRIMARY KEY (tenant_id, n))",
    ),
    (Rule.KEY_LEADS, columns("n int PRIMARY KEY"), columns(f"n int NOT NULL, {KEYED}")),
    (Rule.KEY_LEADS, columns("n int"), columns(f"n int, {KEYED}")),
    (
        Rule.KEY_LEADS,
        "CREATE TABLE thing (id uuid PRIMARY KEY)",
        "CREATE TABLE thing (tenant_id uuid PRIMARY KEY)",
    ),
    (
        Rule.KEY_LEADS,
        columns(f"n int, {KEYED}, UNIQUE (n)"),
        columns(f"n int, m int, {KEYED}, UNIQUE (tenant_id, book_id, m)"),
    ),
    (Rule.KEY_LEADS, columns(f"n int UNIQUE, {KEYED}"), columns(f"n int CHECK (n > 0), {KEYED}")),
    (
        Rule.KEY_LEADS,
        columns(f"n int, {KEYED}, FOREIGN KEY (n) REFERENCES tenant (tenant_id)"),
        columns(f"n int, {KEYED}, FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)"),
    ),
    (
        Rule.KEY_LEADS,
        "CREATE UNIQUE INDEX by_status ON account (status)",
        "CREATE UNIQUE INDEX by_status ON account (tenant_id, book_id, status)",
    ),
    (
        Rule.KEY_LEADS,
        "CREATE INDEX by_status ON account (lower(status))",
        "CREATE INDEX by_status ON account (tenant_id, book_id, lower(status))",
    ),
    (
        Rule.KEY_LEADS,
        "ALTER TABLE account ADD CONSTRAINT one UNIQUE (status)",
        "ALTER TABLE account ADD CONSTRAINT one UNIQUE (tenant_id, book_id, status)",
    ),
    (
        Rule.TENANT_GIVEN,
        "SELECT name FROM tenant",
        "SELECT name FROM tenant WHERE tenant_id = $1",
    ),
    (
        Rule.TENANT_GIVEN,
        f"SELECT status FROM account WHERE {MINE.replace('AND', 'OR')}",
        f"SELECT status FROM account WHERE {MINE} AND (status = $3 OR status = $4)",
    ),
    (
        Rule.TENANT_GIVEN,
        f"SELECT status FROM account a JOIN transfer t ON t.book_id = a.book_id WHERE a.{MINE}",
        (
            "SELECT status FROM account a JOIN transfer t"
            " ON t.tenant_id = a.tenant_id AND t.book_id = a.book_id"
            " WHERE a.tenant_id = $1 AND a.book_id = $2"
        ),
    ),
    (
        Rule.TENANT_GIVEN,
        (
            "SELECT status FROM account a JOIN transfer t"
            " ON t.tenant_id = a.tenant_id AND t.book_id = a.book_id"
        ),
        (
            "SELECT status FROM account a JOIN transfer t USING (tenant_id, book_id)"
            " WHERE a.tenant_id = $1 AND a.book_id = $2"
        ),
    ),
    (
        Rule.TENANT_GIVEN,
        f"SELECT seq FROM transfer WHERE {MINE} AND EXISTS (SELECT 1 FROM account)",
        (
            f"SELECT seq FROM transfer t WHERE {MINE} AND EXISTS (SELECT 1 FROM account a"
            " WHERE a.tenant_id = t.tenant_id AND a.book_id = t.book_id)"
        ),
    ),
    (
        Rule.TENANT_GIVEN,
        "UPDATE account SET status = 'closed' WHERE book_id = $1",
        f"UPDATE account SET status = 'closed' WHERE {MINE}",
    ),
    (
        Rule.TENANT_GIVEN,
        "DELETE FROM account WHERE account_no = $1",
        "DELETE FROM account WHERE (tenant_id, book_id) = ($1, $2) AND account_no = $3",
    ),
    (
        Rule.TENANT_GIVEN,
        "INSERT INTO account (book_id, account_no) VALUES ($1, $2)",
        "INSERT INTO account (tenant_id, book_id, account_no) VALUES ($1, $2, $3)",
    ),
    (
        Rule.TENANT_GIVEN,
        "INSERT INTO account VALUES ($1, $2, $3)",
        (
            "INSERT INTO account (tenant_id, book_id, account_no) SELECT $1, $2, n"
            " FROM unnest($3::bigint[]) AS new (n)"
        ),
    ),
    (
        Rule.BOOK_GIVEN,
        "SELECT status FROM account WHERE tenant_id = $1",
        f"SELECT status FROM account WHERE {MINE}",
    ),
    (
        Rule.BOOK_GIVEN,
        (
            "UPDATE account SET status = new.s FROM unnest($2::text[]) AS new (s)"
            " WHERE account.tenant_id = $1"
        ),
        f"UPDATE account SET status = new.s FROM unnest($3::text[]) AS new (s) WHERE {OF_ACCOUNT}",
    ),
    (
        Rule.UNKNOWN_TABLE,
        "SELECT name FROM customer",
        "WITH customer AS (SELECT $1 AS name) SELECT name FROM customer",
    ),
    (
        Rule.UNKNOWN_TABLE,
        "CREATE INDEX by_name ON customer (tenant_id, name)",
        "SELECT setting FROM pg_settings",
    ),
    (
        Rule.TRIGGERS,
        "CREATE TRIGGER t AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION f()",
        f"SELECT 'CREATE TRIGGER' AS trigger FROM account WHERE {MINE}",
    ),
    (
        Rule.FUNCTIONS,
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
        f"SELECT coalesce(status, '') FROM account WHERE {MINE}",
    ),
    (Rule.FUNCTIONS, "DO $$ BEGIN END $$", "BEGIN ISOLATION LEVEL SERIALIZABLE"),
    (Rule.FUNCTIONS, "CALL close_books()", "SAVEPOINT close_books"),
    (Rule.SEQUENCES, columns(f"n bigserial, {KEYED}"), columns(f"n bigint, {KEYED}")),
    (
        Rule.SEQUENCES,
        columns(f"n bigint GENERATED ALWAYS AS IDENTITY, {KEYED}"),
        columns(f"n bigint, m bigint GENERATED ALWAYS AS (n + 1) STORED, {KEYED}"),
    ),
    (Rule.SEQUENCES, "SELECT nextval('serial')", "SELECT 'nextval (' AS serial_number"),
    (Rule.SEQUENCES, "CREATE SEQUENCE numbers", columns(f"n int, sequence int, {KEYED}")),
    (Rule.ADVISORY_LOCKS, "SELECT pg_advisory_xact_lock(1)", "SELECT pg_backend_pid()"),
    (Rule.ADVISORY_LOCKS, "SELECT pg_try_advisory_lock(1)", "SELECT 'pg_advisory_lock'"),
    (Rule.NOTIFY, "LISTEN transfers", f"SELECT seq AS listen FROM transfer WHERE {MINE}"),
    (Rule.NOTIFY, "SELECT pg_notify('transfers', '1')", "SELECT 'notify'"),
    (
        Rule.EXCLUSION,
        columns(f"n int, {KEYED}, EXCLUDE USING gist (n WITH =)"),
        (
            "INSERT INTO account (tenant_id, book_id, account_no) VALUES ($1, $2, $3)"
            " ON CONFLICT (tenant_id, book_id, account_no) DO UPDATE SET status = excluded.status"
        ),
    ),
    (
        Rule.LOCK_TABLE,
        "LOCK TABLE account IN EXCLUSIVE MODE",
        f"SELECT status FROM account WHERE {MINE} FOR UPDATE",
    ),
    (
        Rule.SKIP_LOCKED,
        f"SELECT status FROM account WHERE {MINE} FOR UPDATE SKIP LOCKED",
        f"SELECT status FROM account WHERE {MINE} FOR UPDATE NOWAIT",
    ),
    (
        Rule.ONE_WRITE,
        (
            f"WITH gone AS (DELETE FROM account WHERE {MINE} RETURNING account_no)"
            " INSERT INTO account (tenant_id, book_id, account_no) SELECT $1, $2, n FROM gone"
        ),
        (
            f"WITH gone AS (DELETE FROM account WHERE {MINE} RETURNING account_no)"
            " INSERT INTO transfer (tenant_id, book_id, seq) SELECT $1, $2, account_no FROM gone"
        ),
    ),
    (
        Rule.HISTORY,
        f"UPDATE transfer SET amount = 0 WHERE {MINE}",
        f"UPDATE account SET balance = 0 WHERE {MINE}",
    ),
    (
        Rule.HISTORY,
        f"DELETE FROM transfer WHERE {MINE}",
        f"SELECT amount FROM transfer WHERE {MINE}",
    ),
    (Rule.HISTORY, "TRUNCATE transfer", "TRUNCATE account"),
    (Rule.HISTORY, "DROP TABLE transfer", "DROP TABLE account"),
    (
        Rule.HISTORY,
        (
            "INSERT INTO transfer (tenant_id, book_id, seq) VALUES ($1, $2, $3)"
            " ON CONFLICT (tenant_id, book_id, seq) DO UPDATE SET amount = 0"
        ),
        (
            "INSERT INTO transfer (tenant_id, book_id, seq) VALUES ($1, $2, $3)"
            " ON CONFLICT (tenant_id, book_id, seq) DO NOTHING"
        ),
    ),
    (Rule.INEXACT, columns(f"n int, x real, {KEYED}"), columns(f"n int, x numeric(39,0), {KEYED}")),
    (Rule.INEXACT, columns(f"n int, x float8, {KEYED}"), columns(f"n int, x bigint, {KEYED}")),
    (
        Rule.INEXACT,
        columns(f"n int, x double precision, {KEYED}"),
        columns(f"n int, x text, {KEYED}"),
    ),
    (Rule.INEXACT, columns(f"n int, x money, {KEYED}"), columns(f"n int, money text, {KEYED}")),
    (Rule.INEXACT, "ALTER TABLE account ADD COLUMN x real", "ALTER TABLE account ADD COLUMN x int"),
    (Rule.INEXACT, "SELECT $1::float8", "SELECT $1::numeric"),
    (
        Rule.STAR,
        f"SELECT * FROM account WHERE {MINE}",
        f"SELECT count(*) FROM account WHERE {MINE}",
    ),
    (
        Rule.STAR,
        f"SELECT a.* FROM account a WHERE {MINE}",
        f"SELECT a.status FROM account a WHERE {MINE}",
    ),
    (
        Rule.STAR,
        f"DELETE FROM account WHERE {MINE} RETURNING *",
        f"DELETE FROM account WHERE {MINE} RETURNING account_no",
    ),
    (
        Rule.CONFLICT_TARGET,
        "INSERT INTO account (tenant_id, book_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        (
            "INSERT INTO account (tenant_id, book_id) VALUES ($1, $2)"
            " ON CONFLICT (tenant_id, book_id, account_no) DO NOTHING"
        ),
    ),
    (
        Rule.COPY,
        "COPY transfer (tenant_id, book_id) FROM STDIN",
        "INSERT INTO transfer (tenant_id, book_id) VALUES ($1, $2)",
    ),
    (Rule.UNPARSED, "SELECT FROM WHERE", "SELECT 1"),
    (Rule.UNPARSED, "VACUUM account", "SET LOCAL lock_timeout = '5s'"),
    (
        Rule.UNPARSED,
        "MERGE INTO account USING tenant ON true WHEN MATCHED THEN DELETE",
        "ROLLBACK TO SAVEPOINT before_work",
    ),
]


@pytest.mark.parametrize(("rule", "forbidden", "allowed"), STATEMENTS)
def test_a_broken_rule_is_found_and_the_closest_allowed_statement_passes(
    tmp_path: Path, rule: Rule, forbidden: str, allowed: str
) -> None:
    assert rule in rules_broken(tmp_path / "forbidden", store(forbidden)), forbidden
    assert rules_broken(tmp_path / "allowed", store(allowed)) == set(), allowed


def test_every_rule_of_statements_has_an_example() -> None:
    of_python = {Rule.FORMATTED, Rule.OUTSIDE_STORE, Rule.MIGRATION_SQL}
    assert {rule for rule, _, _ in STATEMENTS} == set(Rule) - of_python - {Rule.STALE}


_VIEW = "A view of the whole table: who reads it says which rows."


def test_a_view_is_read_by_its_tenant_as_tables_are(tmp_path: Path) -> None:
    view = "CREATE VIEW open_account AS SELECT tenant_id, book_id, account_no FROM account"
    path = "bank/migrations/versions/0002.py"
    policy = Policy(across_tenants={f"{path}:OPEN": _VIEW}, across_books={f"{path}:OPEN": _VIEW})
    made = {path: f"OPEN = {view!r}\n"}
    unscoped = store("SELECT account_no FROM open_account WHERE account_no = $1")
    scoped = store(f"SELECT account_no FROM open_account WHERE {MINE} AND account_no = $3")
    broken = rules_broken(tmp_path / "unscoped", made | unscoped, policy)
    assert broken == {Rule.TENANT_GIVEN, Rule.BOOK_GIVEN}
    assert rules_broken(tmp_path / "scoped", made | scoped, policy) == set()
