"""In continuous integration a test that skips itself fails; elsewhere its reason is shown."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SKIPPING_TEST = 'import pytest\n\ndef test_a():\n    pytest.skip("no server")\n'
SKIPPING_MODULE = 'import pytest\n\npytest.skip("no server", allow_module_level=True)\n'
SKIPPING_MARK = "import pytest\n\n@pytest.mark.skip(reason='no server')\ndef test_a(): ...\n"
NO_VECTORS = "def test_a(vectors): ...\n"
EXPECTED_FAILURE = "import pytest\n\n@pytest.mark.xfail\ndef test_a():\n    assert False\n"
PASSING = "def test_a(): ...\n"

IN_TWO_PROCESSES = ("-p", "xdist.plugin", "--numprocesses=2")


def outcome(folder: Path, test: str, options: Sequence[str] = (), *, ci: bool) -> tuple[int, str]:
    """Run one test file under this repository's conftest: the exit status and the report."""
    conftest = (ROOT / "tests" / "conftest.py").read_text()
    without_servers = re.sub(r"^pytest_plugins = \[[^]]*\]", "", conftest, flags=re.MULTILINE)
    (folder / "conftest.py").write_text(without_servers)
    (folder / "test_it.py").write_text(test)
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment["BEZANT_VECTORS"] = str(folder / "absent")
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "-c", os.devnull]
    run = subprocess.run(
        [*command, *options, "."],
        cwd=folder,
        env=environment | ({"CI": "true"} if ci else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (SKIPPING_TEST, "no server"),
        (SKIPPING_MODULE, "no server"),
        (SKIPPING_MARK, "no server"),
        (NO_VECTORS, "BEZANT_VECTORS"),
    ],
)
def test_a_skip_fails_in_continuous_integration_alone(
    tmp_path: Path, test: str, reason: str
) -> None:
    status, report = outcome(tmp_path, test, ci=True)
    assert status != 0
    assert reason in report
    status, report = outcome(tmp_path, test, ci=False)
    # A run in which the only module skips itself has collected nothing.
    assert status in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert "1 skipped" in report


@pytest.mark.parametrize("test", [SKIPPING_TEST, SKIPPING_MODULE])
def test_a_skip_in_one_of_two_processes_fails_as_well(tmp_path: Path, test: str) -> None:
    status, report = outcome(tmp_path, test, IN_TWO_PROCESSES, ci=True)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "continuous integration does not allow" in report


@pytest.mark.parametrize("test", [EXPECTED_FAILURE, PASSING])
def test_a_test_that_ran_is_left_alone(tmp_path: Path, test: str) -> None:
    assert outcome(tmp_path, test, ci=True)[0] == 0


def test_files_that_take_long_come_first(tmp_path: Path) -> None:
    (tmp_path / "test_b.py").write_text("import pytest\npytestmark = pytest.mark.long\n" + PASSING)
    (tmp_path / "test_c.py").write_text(PASSING)
    _, report = outcome(tmp_path, PASSING, ["-v"], ci=True)
    assert re.findall(r"^(\w+)\.py::test_a", report, flags=re.MULTILINE) == [
        "test_b",
        "test_c",
        "test_it",
    ]


@pytest.mark.parametrize(("name", "processes"), [("tests/conformance/fapi", 1), ("tests/unit", 2)])
def test_files_of_a_folder_that_share_a_server_run_in_one_process(
    tmp_path: Path, name: str, processes: int
) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    for number in range(6):
        told = 'import os\n\ndef test_a():\n    open(f"{__file__}.{os.getpid()}", "w").close()\n'
        (folder / f"test_{number}.py").write_text(told)
    in_two = (*IN_TWO_PROCESSES, "--dist=loadfile", "--rootdir=.")
    assert outcome(tmp_path, PASSING, in_two, ci=True)[0] == 0
    told_by = [each.suffix for each in folder.glob("test_*.py.*")]
    assert (len(told_by), len(set(told_by))) == (6, processes)
