"""A run is recorded at the driver, and any difference from the source is named."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from house.sql_bank import MINE, write
from tools.sql_linter import Policy
from tools.sql_linter.executed import differences
from tools.sql_recorder import FOLDER_VARIABLE, read_records, recorded

ROOT = Path(__file__).parents[2]

STORE = f"""
FIND = '''
    SELECT status -- what may be posted
    FROM account
    WHERE {MINE}
'''
SETTINGS = "SET LOCAL a = 1;SET LOCAL b = 2"
GRANT = "GRANT SELECT ON {{table}} TO teller"
"""
GRANT = "bank/store.py:GRANT"
POLICY = Policy(templates={GRANT: {"table": "account"}})

FIND = f"SELECT status FROM account WHERE {MINE}"
WHOLE_RUN = {
    FIND: True,
    "BEGIN;SET LOCAL a = 1;SET LOCAL b = 2": True,
    "GRANT SELECT ON transfer TO teller": True,
    "ROLLBACK;": True,
}


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A source folder, and a folder of tests beside it."""
    tests = 'SEND = "DELETE FROM account"\nALSO = f"DROP TABLE {SEND}"\n'
    write(tmp_path / "src", {"bank/store.py": STORE})
    return write(tmp_path, {"tests/test_bank.py": tests})


def compare(bank: Path, executed: dict[str, bool], policy: Policy = POLICY) -> list[str]:
    return differences(executed, bank / "src", bank / "tests", policy, ["SELECT … FOR SHARE"])


def test_a_whole_run_differs_in_nothing(bank: Path) -> None:
    of_tests = {"DELETE FROM account": True, "DROP TABLE x": True, f"{FIND} FOR SHARE": True}
    assert compare(bank, WHOLE_RUN | of_tests) == []


def test_a_statement_from_nowhere_is_named(bank: Path) -> None:
    unknown = "SELECT name FROM tenant"
    assert compare(bank, WHOLE_RUN | {unknown: False}) == [f"sent, but in no store: {unknown}"]
    hidden = f"SET LOCAL b = 2;{unknown}"
    assert compare(bank, WHOLE_RUN | {hidden: True}) == [f"sent, but in no store: {unknown}"]


@pytest.mark.parametrize("executed", [{}, {FIND: False}])
def test_a_statement_that_never_succeeded_is_named(bank: Path, executed: dict[str, bool]) -> None:
    run = {sql: is_done for sql, is_done in WHOLE_RUN.items() if sql != FIND}
    assert compare(bank, run | executed) == ["bank/store.py:FIND was never carried out"]


def test_a_statement_that_cannot_run_is_declared_so_and_only_then(bank: Path) -> None:
    declared = Policy(templates=POLICY.templates, unexecuted={GRANT: "Only an owner may."})
    run = {sql: is_done for sql, is_done in WHOLE_RUN.items() if "GRANT" not in sql}
    assert compare(bank, run, declared) == []
    assert compare(bank, WHOLE_RUN, declared) == [
        f"{GRANT} is declared as never carried out, but was"
    ]


async def test_the_driver_is_recorded_with_what_came_of_each_statement(
    app_url: str, tmp_path: Path
) -> None:
    unheard = await asyncpg.connect(app_url)
    with recorded(tmp_path):
        connection = await asyncpg.connect(app_url)
        async with asyncpg.create_pool(app_url, min_size=1, max_size=1) as pool:
            await pool.fetchval("SELECT 1")
        await connection.fetch("SELECT $1::int", 2)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetchval("SELECT 1 / 0")
        async with connection.transaction():
            assert [row async for row in connection.cursor("SELECT 3")]
        await connection.execute("SELECT 4")
        await unheard.execute("SELECT 5")
    await connection.close()
    await unheard.close()
    records = read_records(tmp_path)
    assert {
        sql: is_done for sql, is_done in records.items() if re.match(r"SELECT [0-9$]", sql)
    } == {
        "SELECT 1": True,
        "SELECT $1::int": True,
        "SELECT 1 / 0": False,
        "SELECT 3": True,
        "SELECT 4": True,
    }


async def test_a_process_that_a_test_starts_is_recorded_though_it_is_killed(
    app_url: str, tmp_path: Path
) -> None:
    script = """if True:
        import asyncio, asyncpg, os, signal, sys
        async def main():
            connection = await asyncpg.connect(sys.argv[1])
            await connection.execute("SELECT 5")
            await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(main())
    """
    environment = os.environ | {FOLDER_VARIABLE: str(tmp_path)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, app_url, env=environment
    )
    assert await child.wait() == -signal.SIGKILL
    assert read_records(tmp_path) == {"SELECT 5": True}
