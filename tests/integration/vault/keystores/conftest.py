from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from integration.vault.keystores.servers import Bao, Hsm, Kms, bao, hsm, kms


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hsm]:
    """A token for the session; every test names keys of its own."""
    with hsm(tmp_path_factory.mktemp("hsm")) as made:
        yield made


@pytest.fixture(scope="session")
async def openbao(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bao]:
    """An OpenBao for the session."""
    async with bao(tmp_path_factory.mktemp("bao")) as made:
        yield made


@pytest.fixture(scope="session")
async def aws() -> AsyncIterator[Kms]:
    """A KMS for the session."""
    async with kms() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for one test, closed to others."""
    tmp_path.chmod(0o700)
    return tmp_path
