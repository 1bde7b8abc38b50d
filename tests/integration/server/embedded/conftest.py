from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures_servers import open_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for one test, open to the servers' user."""
    with open_folder() as parent:
        yield parent


@pytest.fixture
def data(folder: Path) -> Path:
    """Where a data folder may be made, for one test."""
    return folder / "data"


@pytest.fixture(scope="session")
def used_data() -> Iterator[Path]:
    """A data folder for tests that start and stop servers in turn: all but the first start fast."""
    with open_folder() as parent:
        yield parent / "data"
