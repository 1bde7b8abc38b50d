"""A small bank's source folder, for the linter to read."""

from pathlib import Path

from tools.sql_linter import Policy, Rule, lint

SCHEMA = '''
TENANT = "CREATE TABLE tenant (tenant_id uuid PRIMARY KEY, name text NOT NULL)"
ACCOUNT = """
    CREATE TABLE account (
        tenant_id uuid, book_id uuid, account_no bigint, status text, balance numeric(39,0),
        PRIMARY KEY (tenant_id, book_id, account_no)
    )
"""
TRANSFER = """
    CREATE TABLE transfer (
        tenant_id uuid, book_id uuid, seq bigint, amount numeric(39,0),
        PRIMARY KEY (tenant_id, book_id, seq)
    )
"""
'''
HISTORY = Policy(history=frozenset({"transfer"}))

MINE = "tenant_id = $1 AND book_id = $2"


def write(folder: Path, files: dict[str, str]) -> Path:
    """A source folder with a schema and further files."""
    schema = {"bank/migrations/versions/0001.py": SCHEMA}
    for name, text in (schema | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def rules_broken(folder: Path, files: dict[str, str], policy: Policy = HISTORY) -> set[Rule]:
    return {finding.rule for finding in lint(write(folder, files), policy)}


def store(sql: str) -> dict[str, str]:
    return {"bank/store.py": f"STATEMENT = {sql!r}\n"}
