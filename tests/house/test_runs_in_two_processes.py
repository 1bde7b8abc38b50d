"""A run in two processes is one run: its last test sees what both sent, after both have ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Its second test begins when the last one does, in the other process.
SEND = """
import asyncio, asyncpg

async def send(sql):
    connection = await asyncpg.connect({url!r})
    await connection.execute(sql)
    await connection.close()
"""
RUN = {
    "conftest.py": 'pytest_plugins = ["tools.sql_recorder.pytest_plugin"]\n',
    "test_1.py": SEND + 'def test_it(): asyncio.run(send("SELECT 1"))\n',
    "test_2.py": SEND + 'def test_it(): open("begun").close(); asyncio.run(send("{sql}"))\n',
    "test_3.py": """
import pytest

@pytest.fixture
def begun():
    open("begun", "w").close()

def test_it(begun, executed_sql):
    sent = {{sql: done for sql, done in executed_sql.items() if sql in ("SELECT 1", "SELECT 2")}}
    assert sent == {{"SELECT 1": True, "SELECT 2": True}}
""",
}


def run(folder: Path, url: str, sql: str) -> str:
    """The last line of the report, when the second process sends a statement."""
    for name, text in RUN.items():
        (folder / name).write_text(text.format(url=url, sql=sql))
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = .\n")
    os.mkfifo(folder / "begun")
    in_two = ("-p", "xdist.plugin", "--numprocesses=2", "--dist=loadfile")
    command = [sys.executable, "-m", "pytest", *in_two, "--no-loadscope-reorder", "-q"]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("sql", "outcome"), [("SELECT 2", "3 passed"), ("SELECT 3", "1 failed, 2 passed")]
)
def test_the_last_test_sees_what_both_processes_sent(
    app_url: str, tmp_path: Path, sql: str, outcome: str
) -> None:
    assert outcome in run(tmp_path, app_url, sql)
