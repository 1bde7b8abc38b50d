"""Exports that are imported when they are asked for."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "src"
PACKAGES = (
    "bezant.kernel.cache",
    "bezant.ledger",
    "bezant.ledger.checkpoints",
    "bezant.ledger.proofs",
    "bezant.ledger.reconciliation",
    "bezant.vault",
    "bezant.vault.rotation",
)


def imported_by(statement: str) -> set[str]:
    """Every module that a process has after a statement."""
    script = f"import sys\n{statement}\nprint(*sys.modules)"
    # Without what records the statements of a test's processes, which loads a driver.
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(answer.stdout.split())


@pytest.mark.parametrize("package", PACKAGES)
def test_every_export_is_there(package: str) -> None:
    module = import_module(package)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_an_export_is_what_its_module_has_under_its_name() -> None:
    ledger = import_module("bezant.ledger")
    assert ledger.fx_operations is import_module("bezant.ledger.fx.api").operations
    assert ledger.schemas is import_module("bezant.ledger.schemas")
    assert ledger.Ledger is import_module("bezant.ledger.service").Ledger


def test_what_is_no_export_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match=r"module 'bezant\.ledger' has no attribute 'Leger'"):
        _ = import_module("bezant.ledger").Leger


@pytest.mark.parametrize("package", PACKAGES)
def test_no_export_has_the_name_of_a_module_that_is_something_else(package: str) -> None:
    module = import_module(package)
    folder = SOURCE.joinpath(*package.split("."))
    inside = {path.stem for path in folder.iterdir()}
    for name in set(module.__all__) & inside:
        assert getattr(module, name) is import_module(f"{package}.{name}"), name


def test_a_package_imports_only_what_is_asked_of_it() -> None:
    imported = imported_by("from bezant.ledger import schemas")
    assert "bezant.ledger.schemas" in imported
    assert not {"bezant.ledger.service", "bezant.ledger.export", "redis", "lxml"} & imported
    assert "bezant.ledger.service" in imported_by("from bezant.ledger import Ledger")
