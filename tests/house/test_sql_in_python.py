"""SQL stays in the stores, reaches the driver whole, and every exception is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from house.sql_bank import HISTORY, MINE, rules_broken, store, write
from tools.sql_linter import HOUSE, Policy, Rule, lint

ROOT = Path(__file__).parents[2]

STORE = f'FIND = "SELECT status FROM account WHERE {MINE}"\n'

PYTHON = [
    (Rule.COPY, 'c.copy_records_to_table("transfer")', "c.executemany(FIND, [])"),
    (Rule.FORMATTED, 'c.fetch(f"{FIND} LIMIT {n}")', "c.fetch(FIND, n)"),
    (Rule.FORMATTED, "later = FIND + n", "later = FIND"),
    (Rule.FORMATTED, "c.fetch(FIND % n)", "c.fetch(FIND, 5 % n)"),
    (Rule.FORMATTED, "c.fetch(FIND.format(n=n))", 'c.fetch(FIND, "{n}".format(n=n))'),
    (Rule.FORMATTED, "c.fetch(store.FIND.replace('a', n))", "c.fetch(store.FIND, n)"),
    (Rule.FORMATTED, 'c.fetch(" ".join([FIND, n]))', 'c.fetch(FIND, " ".join([n]))'),
    (Rule.FORMATTED, 'c.execute("SET lock_timeout = " + n)', "c.execute(FIND, 1 + n)"),
    (
        Rule.FORMATTED,
        'later = f"SELECT {n} FROM account"',
        'later = f"Select {n} from the list of accounts"',
    ),
    (Rule.FORMATTED, 'later = "DELETE FROM account WHERE n = " + n', 'later = "Deleted " + n'),
    (Rule.FORMATTED, 'later = "SELECT %s FROM account" % n', 'later = "%s of the account" % n'),
    (Rule.FORMATTED, 'later = "DROP TABLE {}".format(n)', 'later = "No table {}".format(n)'),
    (
        Rule.OUTSIDE_STORE,
        'c.fetch("select status from account")',
        'log("Select a status from the list")',
    ),
    (Rule.OUTSIDE_STORE, 'c.execute("SET lock_timeout = 5")', 'c.execute("accounts")'),
    (
        Rule.OUTSIDE_STORE,
        'LATER = "INSERT INTO account (tenant_id) VALUES ($1)"',
        'LATER = "Insert into the account what was asked for"',
    ),
]


def module(line: str) -> dict[str, str]:
    """A store, and a module that uses it in one line of a function."""
    imports = "from bank import store\nfrom bank.store import FIND\n"
    return {
        "bank/__init__.py": "",
        "bank/store.py": STORE,
        "bank/service.py": f"{imports}def work(c, n):\n    {line}\n",
    }


@pytest.mark.parametrize(("rule", "forbidden", "allowed"), PYTHON)
def test_a_broken_rule_is_found_and_the_closest_allowed_python_passes(
    tmp_path: Path, rule: Rule, forbidden: str, allowed: str
) -> None:
    assert rules_broken(tmp_path / "forbidden", module(forbidden)) == {rule}, forbidden
    assert rules_broken(tmp_path / "allowed", module(allowed)) == set(), allowed


def test_a_migration_passes_sql_rather_than_operations(tmp_path: Path) -> None:
    revision = 'from alembic import op\nSQL = "DROP TABLE account"\ndef upgrade():\n    '
    path = "bank/migrations/versions/0002.py"
    assert rules_broken(tmp_path, {path: revision + "op.execute(SQL)\n"}) == set()
    assert rules_broken(tmp_path, {path: revision + 'op.drop_table("account")\n'}) == {
        Rule.MIGRATION_SQL
    }


def test_sql_inside_a_function_of_a_store_is_not_a_constant(tmp_path: Path) -> None:
    hidden = f'def find():\n    return "SELECT status FROM account WHERE {MINE}"\n'
    assert rules_broken(tmp_path, {"bank/store.py": hidden}) == {Rule.OUTSIDE_STORE}


def test_a_docstring_may_speak_of_sql(tmp_path: Path) -> None:
    text = '"""SELECT name FROM tenant"""\n'
    assert rules_broken(tmp_path, {"bank/service.py": text}) == set()


def test_a_constant_made_of_constants_is_read_whole(tmp_path: Path) -> None:
    files = {
        "bank/__init__.py": "from bank.store import ROWS\n",
        "bank/store.py": 'ROWS = "FROM account"\n',
        "bank/other_store.py": 'from bank import ROWS\nFIND = f"SELECT status {ROWS}" + ""\n',
    }
    assert rules_broken(tmp_path, files) == {Rule.TENANT_GIVEN, Rule.BOOK_GIVEN}


def test_a_column_that_a_migration_adds_belongs_to_the_table(tmp_path: Path) -> None:
    added = {
        "bank/migrations/versions/0002.py": "ADD = 'ALTER TABLE tenant ADD COLUMN book_id uuid'\n"
    }
    find = store("SELECT name FROM tenant WHERE tenant_id = $1")
    assert Rule.BOOK_GIVEN not in rules_broken(tmp_path, find)
    assert Rule.BOOK_GIVEN in rules_broken(tmp_path, added | find)


def test_an_exception_excuses_its_statement_alone(tmp_path: Path) -> None:
    policy = Policy(
        history=HISTORY.history,
        across_tenants={"bank/store.py:STATEMENT": "Found by the hash of a credential."},
    )
    files = store("SELECT tenant_id FROM tenant WHERE name = $1")
    assert rules_broken(tmp_path, files, policy) == set()
    files["bank/other_store.py"] = files["bank/store.py"]
    assert rules_broken(tmp_path, files, policy) == {Rule.TENANT_GIVEN}


def test_a_template_is_read_with_the_values_that_its_exception_gives(tmp_path: Path) -> None:
    files = module('c.execute(FIND.format(table="account"))')
    files["bank/store.py"] = 'FIND = "SELECT status FROM {table}"\n'
    template = {"bank/store.py:FIND": {"table": "account"}}
    policy = Policy(history=HISTORY.history, templates=template)
    assert rules_broken(tmp_path, files, policy) == {Rule.TENANT_GIVEN, Rule.BOOK_GIVEN}


def test_an_exception_that_nothing_needs_is_found(tmp_path: Path) -> None:
    policy = Policy(history=frozenset({"transfer", "ledger"}), accelerators={"bank/copy.py": "-"})
    found = lint(write(tmp_path, {}), policy)
    assert {(finding.rule, finding.detail) for finding in found} == {
        (Rule.STALE, "accelerators: bank/copy.py"),
        (Rule.STALE, "history: ledger"),
    }


def test_this_repository_keeps_the_rules() -> None:
    assert [str(finding) for finding in lint(ROOT / "src", HOUSE)] == []


def test_the_command_fails_and_says_why(tmp_path: Path) -> None:
    write(tmp_path, store("SELECT name FROM tenant"))
    run = subprocess.run(
        [sys.executable, "-m", "tools.sql_linter", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "bank/store.py:1" in run.stdout
    assert Rule.TENANT_GIVEN.code in run.stdout
    assert Rule.TENANT_GIVEN.why in run.stdout
