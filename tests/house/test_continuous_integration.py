"""In continuous integration a test that skips itself fails; elsewhere its reason is shown."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SKIPPING_TEST = 'import pytest\n\ndef test_a():\n    pytest.skip("no server")\n'
SKIPPING_MODULE = 'import pytest\n\npytest.skip("no server", allow_module_level=True)\n'
SKIPPING_MARK = "import pytest\n\n@pytest.mark.skip(reason='no server')\ndef test_a(): ...\n"
NO_VECTORS = "def test_a(vectors): ...\n"
EXPECTED_FAILURE = "import pytest\n\n@pytest.mark.xfail\ndef test_a():\n    assert False\n"
PASSING = "def test_a(): ...\n"


def outcome(folder: Path, test: str, *, ci: bool) -> tuple[int, str]:
    """Run one test file under this repository's conftest: the exit status and the report."""
    conftest = (ROOT / "tests" / "conftest.py").read_text()
    without_servers = re.sub(r"^pytest_plugins = \[[^]]*\]", "", conftest, flags=re.MULTILINE)
    (folder / "conftest.py").write_text(without_servers)
    (folder / "test_it.py").write_text(test)
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment["BEZANT_VECTORS"] = str(folder / "absent")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "-c", os.devnull, "."],
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


@pytest.mark.parametrize("test", [EXPECTED_FAILURE, PASSING])
def test_a_test_that_ran_is_left_alone(tmp_path: Path, test: str) -> None:
    assert outcome(tmp_path, test, ci=True)[0] == 0
