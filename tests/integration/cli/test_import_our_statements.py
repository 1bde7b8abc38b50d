"""The platform's own camt.053 is taken by its own importer, period after period."""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures_api import fresh_key
from fixtures_servers import open_folder
from integration.cli.test_import import load
from running_platform import RunningPlatform, running

pytestmark = pytest.mark.long

ASSETS = [{"code": "EUR", "scale": 2}, {"code": "JPY", "scale": 0}, {"code": "KWD", "scale": 3}]
FIRST = date(2026, 3, 1)


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            yield platform
            assert await platform.stop() == 0


async def create(client: httpx.AsyncClient, path: str, body: object) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers=fresh_key())
    assert answer.is_success, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def fill(client: httpx.AsyncClient, asset: str) -> str:
    """A book whose account `wallet` moved on ten days; its path."""
    book = await create(client, "/v1/books", {"name": f"Bank {asset}", "assets": ASSETS})
    path = f"/v1/books/{book['id']}"
    long = "customers:0198f2b0-1c2d-7000-8000-00000000002a:wallet"
    for account, kind in (("world", "asset"), ("wallet", "liability"), (long, "liability")):
        body = {"id": account, "asset": asset, "type": kind}
        await create(client, f"{path}/accounts", body)
    for number in range(20):
        day = FIRST + timedelta(days=number // 2)
        debit, credit = ("world", "wallet") if number % 3 else ("wallet", long)
        leg = {"debit": debit, "credit": credit, "asset": asset, "amount": str(1_000 + number)}
        leg |= {"booking_date": str(day), "value_date": str(day + timedelta(days=number % 4))}
        leg |= {"code": "card" if number % 2 else ""}
        await create(client, f"{path}/transactions", {"postings": [leg]})
    return path


@pytest.mark.parametrize(
    ("asset", "axis"), [("EUR", "booking"), ("JPY", "value"), ("KWD", "booking")]
)
async def test_our_statements_follow_each_other_into_another_book(
    platform: RunningPlatform, tmp_path: Path, asset: str, axis: str
) -> None:
    async with platform.client() as client:
        path = await fill(client, asset)
        name = f"Mirror {asset} {axis}"
        for start, days in ((FIRST, 4), (FIRST + timedelta(days=4), 30)):
            end = start + timedelta(days=days - 1)
            query = f"from={start}&to={end}&axis={axis}"
            stated = (await client.get(f"{path}/accounts/wallet/statement?{query}")).json()
            xml = await client.get(f"{path}/accounts/wallet/statement?{query}&format=camt053")
            file = tmp_path / f"{start}.xml"
            file.write_bytes(xml.content)
            result = await load(platform, file, name)
            [statement] = result["statements"]
            assert result["agrees"], json.dumps(result)
            mirror = f"/v1/books/{result['book_id']}/accounts/{statement['account']}/balance"
            assert (await client.get(mirror)).json()["posted"] == stated["closing"]["balance"]
        again = await load(platform, file, name)
        assert again["statements"][0]["posted"] == 0
