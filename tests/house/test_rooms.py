"""Layers and doors: a seeded trespass turns the checks red."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.rooms import trespasses

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

HOUSE = {
    "kernel/__init__.py": "",
    "kernel/money.py": "AMOUNT_MAX = 1\n_HIDDEN = 2\n",
    "kernel/database/__init__.py": '__all__ = ["Database"]\n',
    "kernel/database/pool.py": "",
    "ledger/__init__.py": '__all__ = ["Ledger", "schemas"]\n',
    "ledger/schemas.py": "",
    "ledger/store.py": "",
    "ledger/holds/__init__.py": "",
    "server/__init__.py": "",
}


def house(folder: Path, importer: str, line: str) -> Path:
    for name, text in (HOUSE | {importer: f"{line}\n"}).items():
        path = folder / "bezant" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("importer", "forbidden", "allowed"),
    [
        (
            "server/app.py",
            "from bezant.ledger.store import FIND",
            "from bezant.ledger import Ledger",
        ),
        ("server/app.py", "from bezant.ledger import store", "from bezant.ledger import schemas"),
        ("server/app.py", "import bezant.ledger.store", "import bezant.ledger"),
        ("server/app.py", "from ..ledger.store import FIND", "from ..ledger import Ledger"),
        ("server/app.py", "from ..ledger.holds.a import H", "from ..ledger.schemas import Book"),
        (
            "ledger/a.py",
            "from bezant.kernel.database import Pool",
            "from bezant.ledger import store",
        ),
        (
            "ledger/a.py",
            "from bezant.kernel.database.pool import Database",
            "from bezant.kernel.database import Database",
        ),
        (
            "ledger/holds/store.py",
            "from bezant.kernel.money import _HIDDEN",
            "from bezant.kernel.money import AMOUNT_MAX",
        ),
    ],
)
def test_a_room_is_entered_by_its_door_alone(
    tmp_path: Path, importer: str, forbidden: str, allowed: str
) -> None:
    found = trespasses(house(tmp_path, importer, forbidden))
    assert [finding.split(":")[:2] for finding in found] == [[f"bezant/{importer}", "1"]]
    assert trespasses(house(tmp_path, importer, allowed)) == []


def test_every_room_of_this_repository_is_entered_by_its_door() -> None:
    assert trespasses(ROOT / "src") == []


def layers_broken(source: Path) -> str:
    """What import-linter says about a source folder by our contracts; empty when all is well."""
    run = subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"],
        cwd=source,
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if run.returncode == 0 else run.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository's source, to break."""
    source = tmp_path_factory.mktemp("layers") / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    return source


def test_the_layers_of_this_repository_hold(copy: Path) -> None:
    assert layers_broken(copy) == ""


@pytest.mark.parametrize(
    ("importer", "line", "contract"),
    [
        ("kernel/seeded.py", "import bezant.ledger", "The layers of the house BROKEN"),
        ("formats/seeded.py", "import bezant.ledger", "The layers of the house BROKEN"),
        ("astray/__init__.py", "", "The layers of the house BROKEN"),
        ("server/seeded.py", "import bezant.ledger.store", "touches its store BROKEN"),
        ("formats/seeded.py", "import asyncpg", "Formats are pure"),
    ],
)
def test_a_seeded_breach_of_the_layers_is_found(
    copy: Path, importer: str, line: str, contract: str
) -> None:
    path = copy / "bezant" / importer
    is_new_folder = not path.parent.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n")
    try:
        assert contract in layers_broken(copy)
    finally:
        shutil.rmtree(path.parent) if is_new_folder else path.unlink()
