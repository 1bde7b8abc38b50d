"""A platform whose journal of erasures is lost does not start until an operator accepts it."""

import asyncio
import json
import subprocess
from pathlib import Path

import httpx
import pytest

from fixtures_api import fresh_key
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running

pytestmark = pytest.mark.long


async def erase_somebody(platform: RunningPlatform) -> str:
    """Make a contact and erase the person; the contact's path."""
    async with platform.client() as client:
        made = await client.post("/v1/contacts", json={"name": "Ada Lovelace"}, headers=fresh_key())
        assert made.status_code == 201, made.text
        contact = made.json()
        vault = httpx.AsyncClient(
            base_url=platform.serving["vault_url"], verify=platform.trust(), headers=client.headers
        )
        async with vault:
            erased = await vault.post(
                f"/v1/vault/subjects/{contact['subject_id']}/erase",
                json={"reason": "objection"},
                headers=fresh_key(),
            )
        assert erased.status_code == 200, erased.text
    return f"/v1/contacts/{contact['id']}?purpose=test"


async def accept(data_dir: Path) -> dict[str, object]:
    ran = await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, "vault", "accept-journal", "--json", "--data-dir", str(data_dir)],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    answer: dict[str, object] = json.loads(ran.stdout)
    return answer


async def test_a_lost_journal_keeps_the_platform_from_starting_until_it_is_accepted() -> None:
    with open_folder() as parent:
        data_dir = parent / "data"
        async with running(data_dir) as platform:
            path = await erase_somebody(platform)
            assert await platform.stop() == 0
        journal = data_dir / "vault" / "erasures.jsonl"
        lost = journal.read_bytes()
        journal.write_bytes(b"")
        with pytest.raises(AssertionError, match="ERASURE_JOURNAL_REFUSED") as refused:
            await RunningPlatform.start(data_dir)
        assert "accept-journal" in str(refused.value)
        accepted = await accept(data_dir)
        assert accepted["erasures"] == 1
        kept = data_dir / "vault" / Path(str(accepted["refused"])).name
        assert (kept.read_bytes(), kept.parent) == (b"", journal.parent)
        assert len(journal.read_bytes().splitlines()) == len(lost.splitlines()) == 1
        async with running(data_dir) as platform, platform.client() as client:
            assert (await client.get(path)).json()["name"] is None
