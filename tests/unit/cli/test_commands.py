"""The command line itself."""

import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bezant
from bezant.cli import COMMANDS
from bezant.cli.console import Steps
from running_platform import COMMAND, ENVIRONMENT

ROOT = Path(__file__).parents[3]

SERVING = {
    "alembic",
    "bezant.ledger.service",
    "bezant.server.lifecycle",
    "bezant.vault.service",
    "emcache",
    "fastapi",
    "pyarrow",
    "redis",
    "reportlab",
    "sqlalchemy",
    "uvicorn",
}
"""What some process or command needs, and takes long to import."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert bezant.__version__ == project["version"]
    assert run("--version").stdout == f"bezant {project['version']}\n"


def test_help_lists_every_command() -> None:
    shown = run("--help").stdout
    for name, (_, line) in COMMANDS.items():
        assert name in shown
        assert line[:30] in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name: str) -> None:
    answer = run(name, "--help")
    assert answer.returncode == 0, answer.stderr
    assert f"{name} [OPTIONS]" in answer.stdout


def test_help_loads_no_driver_and_no_server() -> None:
    script = """
import sys
sys.argv = ["bezant", "--help"]
from bezant.cli import main
try:
    main()
except SystemExit:
    pass
print(*{"asyncpg", "cryptography", "fastapi", "uvicorn", "sqlalchemy"} & set(sys.modules))
"""
    # Without what records the statements of a test's processes, which loads a driver.
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT / "src")}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == ""


def test_an_unknown_command_is_refused() -> None:
    answer = run("upp")
    assert answer.returncode == 2
    assert "upp" in answer.stderr


def test_steps_are_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps(as_json=False) as steps:
        steps.begin("Creating the database")
        steps.begin("Starting PostgreSQL")
    assert capsys.readouterr().err == "Creating the database ...\nStarting PostgreSQL ...\n"


def test_steps_on_a_terminal_show_what_has_ended_and_how_long_it_took() -> None:
    script = """
from bezant.cli.console import Steps
with Steps(as_json=False) as steps:
    steps.begin("Creating the database")
    steps.begin("Starting PostgreSQL")
"""
    ours, theirs = pty.openpty()
    environment = {**ENVIRONMENT, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while octets := os.read(ours, 65536):
            shown += octets
    except OSError:
        pass  # how Linux says that the other side of a terminal was closed
    os.close(ours)
    assert process.wait() == 0
    last = shown.decode().rpartition("Creating the database")[2]
    assert "✓" in shown.decode()
    assert "Starting PostgreSQL" in last
    assert "0:00:00" in last


def test_serving_loads_nothing_that_only_exports_or_printed_statements_need() -> None:
    script = (
        "import sys, bezant.server.worker, bezant.cli.export;"
        "print(bool({'pyarrow', 'reportlab', 'PIL'} & {*sys.modules}))"
    )
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT / "src")}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "False\n"


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("bezant.cli.checkpoints", set()),
        ("bezant.cli.demo", set()),
        ("bezant.cli.keys", set()),
        ("bezant.cli.migrate", set()),
        ("bezant.cli.reconcile", set()),
        ("bezant.cli.statement_import", set()),
        ("bezant.cli.top", set()),
        ("bezant.cli.verify", set()),
        ("bezant.cli.up", {"bezant.server.lifecycle", "uvicorn"}),
        ("bezant.server.vault", {"bezant.vault.service", "fastapi", "uvicorn"}),
    ],
)
def test_a_process_starts_without_what_it_does_not_run(module: str, needed: set[str]) -> None:
    script = f"import sys, {module}\nprint(*sys.modules)"
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT / "src")}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert SERVING & set(answer.stdout.split()) == needed
