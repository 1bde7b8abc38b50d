"""`bezant up --sandbox`: the other banks that come with a platform."""

import os
import signal

import httpx
import pytest

from fixtures_servers import open_folder
from running_platform import RunningPlatform, children, running, until

pytestmark = pytest.mark.long


def sandboxes(platform: RunningPlatform) -> list[int]:
    """The processes that are the other banks."""
    found = children(platform.process.pid).items()
    return [child for child, words in found if "bezant.server.sandbox" in words]


async def banks(platform: RunningPlatform) -> list[tuple[str, str]]:
    """Every institution, each with the only book there is."""
    async with platform.client() as client:
        found = (await client.get("/v1/institutions")).json()["institutions"]
        books = (await client.get("/v1/books")).json()["books"]
    assert [book["id"] for book in books] == [bank["book_id"] for bank in found]
    return [(bank["id"], bank["bic"]) for bank in found]


async def test_its_bank_is_made_once_whoever_starts_and_stays() -> None:
    with open_folder() as parent:
        async with running(parent / "data", "--sandbox", "--workers", "2") as platform:
            first, secret = await banks(platform), platform.serving["csm_secret"]
        async with running(parent / "data", "--sandbox") as platform:
            assert await banks(platform) == first
            assert platform.serving["csm_secret"] != secret
        async with running(parent / "data") as platform:
            assert (platform.serving["csm_url"], sandboxes(platform)) == (None, [])
            assert await banks(platform) == first
    assert [bic for _, bic in first] == ["BEZADEFFXXX"]


async def test_it_answers_who_knows_its_secret_and_is_replaced_when_it_is_killed() -> None:
    with open_folder() as parent:
        async with (
            running(parent / "data", "--sandbox") as platform,
            httpx.AsyncClient(
                base_url=platform.serving["csm_url"], timeout=60, trust_env=False
            ) as http,
        ):
            secret = platform.serving["csm_secret"]
            known = {"Authorization": f"Bearer {secret}"}
            assert (await http.get("/admin/positions")).status_code == httpx.codes.UNAUTHORIZED
            assert (await http.get("/admin/positions", headers=known)).json() == {}
            [before] = sandboxes(platform)
            os.kill(before, signal.SIGKILL)

            async def is_back() -> bool:
                return bool(sandboxes(platform)) and before not in sandboxes(platform)

            await until(is_back, within_s=30)
            answer = await http.get("/admin/positions", headers=known)
            assert answer.status_code == httpx.codes.OK
