"""The embedded servers as fixtures, started once per session.

Loaded by `pytest_plugins = ["fixtures_servers"]` in the top `conftest.py`.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bezant.server.embedded import DataFolder, EmbeddedServers


def temporary_parent() -> Path:
    """A new folder that the servers' user may pass through, unlike pytest's own."""
    parent = Path(tempfile.mkdtemp(prefix="bezant-test-", dir="/tmp"))
    parent.chmod(0o755)
    return parent


@pytest.fixture(scope="session")
def session_data() -> Iterator[Path]:
    """The session's data folder, removed at its end."""
    parent = temporary_parent()
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture(scope="session")
async def embedded_servers(session_data: Path) -> AsyncIterator[EmbeddedServers]:
    """PostgreSQL and Valkey for the whole session."""
    with DataFolder(session_data) as data:
        async with EmbeddedServers(data, progress=lambda _: None) as servers:
            yield servers
