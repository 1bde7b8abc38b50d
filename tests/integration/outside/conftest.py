from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fixtures_servers import open_folder
from integration.outside.servers import Cluster, cluster


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for one test, open to the servers' user."""
    with open_folder() as parent:
        yield parent


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Cluster]:
    """An outside PostgreSQL for the session; every test makes its own database."""
    with open_folder() as parent:
        async with cluster(parent) as running:
            yield running
