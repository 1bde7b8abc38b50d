"""What every test may use, and the rule that continuous integration skips nothing."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Final, TypeVar

import pytest

pytest_plugins = [
    "tools.sql_recorder.pytest_plugin",
    "fixtures_servers",
    "fixtures_ledger",
    "fixtures_api",
    "fixtures_webhooks",
    "fixtures_exports",
    "fixtures_periods",
    "fixtures_checkpoints",
    "fixtures_vault",
]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ROOT: Final = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of outside test vectors."""
    folder = Path(os.environ.get("BEZANT_VECTORS", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no test vectors at {folder}: name their folder in BEZANT_VECTORS")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that continuous integration would skip."""
    return _unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that continuous integration would skip."""
    return _unskipped((yield))


def _unskipped(report: Report) -> Report:
    # An expected failure is reported as skipped as well; it did run.
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which continuous integration does not allow: {report.longrepr}"
    return report
