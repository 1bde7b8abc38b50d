"""The platform's listener for clients with certificates, seen from outside."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bezant.server import endpoint
from certified import Holder, self_signed
from fixtures_servers import open_folder
from running_platform import RunningPlatform

pytestmark = pytest.mark.long

LIVE = "/health/live"


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        platform = await RunningPlatform.start(parent / "data", "--workers", "2")
        try:
            yield platform
        finally:
            assert await platform.stop() == 0


def client(platform: RunningPlatform, holder: Holder | None, folder: Path) -> httpx.AsyncClient:
    trust = platform.trust()
    if holder is not None:
        holder.present(trust, folder)
    return httpx.AsyncClient(base_url=platform.serving["mtls_url"], verify=trust, timeout=20)


async def test_it_is_an_origin_of_its_own_that_the_endpoint_file_names(
    platform: RunningPlatform,
) -> None:
    assert platform.serving["mtls_url"] not in {platform.url, platform.serving["vault_url"]}
    assert endpoint.read(platform.data_dir).mtls_url == platform.serving["mtls_url"]


@pytest.mark.parametrize(
    "holder",
    [None, self_signed(), self_signed(days=(-20, -10))],
    ids=["none", "self-signed", "expired"],
)
async def test_it_serves_the_same_application_whatever_certificate_is_presented(
    platform: RunningPlatform, holder: Holder | None, tmp_path: Path
) -> None:
    async with client(platform, holder, tmp_path) as at_mtls:
        assert (await at_mtls.get(LIVE)).status_code == 200
        # A certificate alone is no key to the API.
        assert (await at_mtls.get("/v1/books")).status_code == 401
        authorized = await at_mtls.get(
            "/v1/books", headers={"authorization": f"Bearer {platform.key}"}
        )
        assert authorized.status_code == 200
