"""What every test may use, and the rule that continuous integration skips nothing."""

import os
import signal
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, TypeVar

import hypothesis
import pytest

from bezant.kernel.collector import tune_collector

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

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
    "fixtures_rotation",
    "fixtures_authorization",
    "fixtures_tokens",
    "fixtures_users",
    "fixtures_backchannel",
    "fixtures_pages",
    "fixtures_logout",
    "fixtures_registration",
]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ROOT: Final = Path(__file__).parents[1]

TOGETHER: Final = (
    "tests/conformance/fapi/",
    "tests/integration/outside/",
    "tests/integration/vault/keystores/",
)
"""Folders whose files share a server, which is started once if one process has them all."""

# How quickly examples come says how busy the machine is, and nothing of what they are examples of.
hypothesis.settings.register_profile(
    "house",
    parent=hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")


def pytest_configure() -> None:
    """Have the processes that tests start end when they are interrupted.

    A shell has what it runs in the background ignore these signals, which is handed on. The handler
    is not Python's own, which asyncio's runner would replace for every test and every fixture, and
    to compare the two it renders the task with all of its result: a seventh of a run's time.
    """
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.default_int_handler(number, frame)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that the processes of a run end together."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Look for garbage as rarely as a process that serves, and not in the tests themselves."""
    tune_collector()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> "LoadFileScheduling":
    """Spread files over the processes of a run, and those folders whole."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - not every run has it

    scheduling = LoadFileScheduling(config, log)
    file_of = scheduling._split_scope

    def scope_of(node: str) -> str:
        folders = (folder for folder in TOGETHER if node.startswith(folder))
        return next(folders, file_of(node))

    scheduling._split_scope = scope_of
    return scheduling


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
