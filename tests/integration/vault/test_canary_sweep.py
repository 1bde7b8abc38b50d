"""Card numbers and people pass through every route, and no sink holds them.

One canary is planted in every sink on purpose: a sink where it is not found is not searched.
"""

import asyncio
import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from redis.asyncio import Redis

from bezant.server import endpoint
from canaries import Canary, Sweep
from fixtures_api import fresh_key
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, furnish, running
from sinks import (
    CLUSTERS,
    Traces,
    flush,
    search_cache,
    search_files,
    search_log,
    search_processes,
    search_tables,
    superuser,
    uncompress_log,
)

pytestmark = pytest.mark.long

CARD = Canary("tokenized card", "4000001234562015")
MISPLACED = Canary("misplaced card", "4000001234562023")
REFUSED = Canary("refused card", "4000001234562031")
HOLDER = Canary("card holder", "Zoë Quillfeather")
PERSON = Canary("person", "Änne Wigglesworth-Ødegård")
RECTIFIED = Canary("rectified person", "Anne Wigglesworth-Oedegaard")
EMAIL = Canary("e-mail", "wigglesworth.4711@canary.example")
PHONE = Canary("telephone", "+4915799887766")
IBAN = Canary("account", "DE89370400440532013000")
PLANTED = Canary("planted", "planted-canary-5f2e81")

SECRETS = [CARD, MISPLACED, REFUSED, HOLDER, PERSON, RECTIFIED, EMAIL, PHONE, IBAN]

SINKS = {
    "answers",
    "backups",
    "cache",
    "exports",
    "files: keys/base",
    "files: keys/pg_wal",
    "files: log",
    "files: postgres/base",
    "files: postgres/pg_wal",
    "printed",
    "processes",
    "rows of keys",
    "rows of postgres",
    "traces",
}


@dataclass
class Caller:
    """Calls both origins, and keeps what they answered."""

    api: httpx.AsyncClient
    vault: httpx.AsyncClient
    answers: list[str] = field(default_factory=list)

    async def send(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        is_revealing: bool = False,
        **request: Any,  # noqa: ANN401 - of httpx
    ) -> httpx.Response:
        headers = fresh_key() if method in {"POST", "PATCH", "PUT"} else {}
        answer = await client.request(method, path, headers=headers, **request)
        if not is_revealing:
            headers_text = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            self.answers.append(f"{headers_text}\n{answer.text}")
        return answer

    async def create(self, client: httpx.AsyncClient, path: str, body: object) -> dict[str, Any]:
        answer = await self.send(client, "POST", path, json=body)
        assert answer.is_success, answer.text
        created: dict[str, Any] = answer.json()
        return created


async def misplace(caller: Caller, client: httpx.AsyncClient) -> int:
    """Send a card number wherever a route takes text; how many requests that were."""
    document = (await client.get("/openapi.json")).json()
    sent = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for request in misplaced(path, method.upper(), operation):
                answer = await caller.send(client, **request)
                assert answer.status_code < 500, (path, method, answer.text)
                sent += 1
    return sent


def misplaced(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Requests to an operation, each with a card number or a name in another place."""
    filled = path
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            filled = filled.replace(f"{{{parameter['name']}}}", str(uuid4()))
    if filled != path:
        template = path.replace("{", "").replace("}", "")
        yield {"method": method, "path": f"{template.rpartition('/')[0]}/{MISPLACED.text}"}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            for text in (MISPLACED.text, PERSON.text):
                yield {"method": method, "path": filled, "params": {parameter["name"]: text}}
    yield {"method": method, "path": filled, "params": {"unheard_of": MISPLACED.text}}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    example = content.get("example", {})
    yield {"method": method, "path": filled, "json": {**example, "unheard_of": MISPLACED.text}}
    yield {"method": method, "path": filled, "json": {**example, MISPLACED.text: 1}}
    yield {"method": method, "path": filled, "json": [MISPLACED.text, PERSON.text]}
    yield {"method": method, "path": filled, "content": f'{{"name": "{MISPLACED.text}'}
    for name in example:
        yield {"method": method, "path": filled, "json": {**example, name: MISPLACED.text}}


async def use_cards(caller: Caller) -> str:
    """A card on its way: tokenized, looked at, searched, revealed, refused."""
    subject = str(uuid4())
    card = {
        "number": CARD.text,
        "expiry_month": 12,
        "expiry_year": 2035,
        "holder": HOLDER.text,
        "cvc": "739",
    }
    token = await caller.create(
        caller.vault, "/v1/vault/tokens", {"subject_id": subject, "card": card}
    )
    item = {"id": str(uuid4()), "subject_id": subject, "card": card, "single_use": True}
    await caller.create(caller.vault, "/v1/vault/tokens/batch", {"tokens": [item]})
    found = await caller.create(
        caller.vault, "/v1/vault/tokens/search", {"card": {"number": CARD.text}}
    )
    assert found["tokens"]
    wish = {"tokens": [token["token"]], "purpose": "canaries"}
    revealed = await caller.send(
        caller.vault, "POST", "/v1/vault/tokens/detokenize", is_revealing=True, json=wish
    )
    assert revealed.json()["results"][0]["card"]["number"] == CARD.text
    for wrong in ({"expiry_month": 13}, {"expiry_year": 2001}, {"cvc": HOLDER.text}):
        body = {"subject_id": subject, "card": {**card, "number": REFUSED.text, **wrong}}
        answer = await caller.send(caller.vault, "POST", "/v1/vault/tokens", json=body)
        assert answer.is_client_error
    return subject


async def use_contacts(caller: Caller) -> None:
    """A person on their way: created, opened, searched, rectified, refused."""
    person = {
        "name": PERSON.text,
        "email": EMAIL.text,
        "phone": PHONE.text,
        "iban": IBAN.text,
    }
    contact = await caller.create(caller.api, "/v1/contacts", person)
    path = f"/v1/contacts/{contact['id']}"
    opened = await caller.send(
        caller.api, "GET", path, is_revealing=True, params={"purpose": "canaries"}
    )
    assert PERSON.text in opened.text
    search = {"purpose": "canaries", "email": EMAIL.text.upper()}
    await caller.create(caller.api, "/v1/contacts/search", search)
    answer = await caller.send(caller.api, "PATCH", path, json={"name": RECTIFIED.text})
    assert answer.is_success, answer.text
    for wrong in ({"email": PERSON.text}, {"phone": EMAIL.text}, {"iban": PHONE.text}):
        answer = await caller.send(caller.api, "POST", "/v1/contacts", json={**person, **wrong})
        assert answer.is_client_error
    exported = await caller.send(
        caller.vault,
        "GET",
        f"/v1/vault/subjects/{contact['subject_id']}/export",
        is_revealing=True,
        params={"purpose": "canaries"},
    )
    assert RECTIFIED.text in exported.text


async def use_ledger(caller: Caller) -> str:
    """A book whose metadata tried to hold a person; its id."""
    book = await caller.create(
        caller.api, "/v1/books", {"name": "Canaries", "assets": [{"code": "EUR", "scale": 2}]}
    )
    path = f"/v1/books/{book['id']}"
    for name, kind in (("world", "asset"), ("wallet", "liability")):
        account = {"id": name, "asset": "EUR", "type": kind}
        await caller.create(caller.api, f"{path}/accounts", account)
    posting = {"debit": "world", "credit": "wallet", "asset": "EUR", "amount": "5"}
    await caller.create(caller.api, f"{path}/transactions", {"postings": [posting]})
    for text in (MISPLACED.text, EMAIL.text, PHONE.text, IBAN.text):
        body = {"postings": [posting], "metadata": {"note": f"for {text}"}}
        answer = await caller.send(caller.api, "POST", f"{path}/transactions", json=body)
        assert answer.status_code == 422
    return str(book["id"])


@asynccontextmanager
async def calling(platform: RunningPlatform) -> AsyncIterator[Caller]:
    headers = {"Authorization": f"Bearer {platform.key}"}
    vault_url = endpoint.read(platform.data_dir).vault_url
    assert vault_url is not None
    async with (
        platform.client() as api,
        httpx.AsyncClient(
            base_url=vault_url, verify=platform.trust(), headers=headers, timeout=20
        ) as vault,
    ):
        yield Caller(api, vault)


def settings(folder: Path) -> tuple[str, ...]:
    """What begins a command line whose platform archives its log."""
    return (
        "env",
        f"BEZANT_DATA_DIR={folder / 'data'}",
        f"BEZANT_BACKUP_FOLDER={folder / 'backups' / 'main'}",
        f"BEZANT_KEY_BACKUP_FOLDER={folder / 'backups' / 'keys'}",
    )


async def command(folder: Path, *words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *settings(folder), *COMMAND, *words,
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


async def back_up(folder: Path) -> None:
    """Base backups of both clusters beside their archived logs, looked at as a restore would."""
    for cluster in ("main", "keys"):
        await command(folder, "backup", "create", "--cluster", cluster)
        await command(folder, "backup", "check", "--cluster", cluster)


async def plant(platform: RunningPlatform, caller: Caller, traces: Traces, folder: Path) -> None:
    """Put the planted canary where each sink would have it, in one disguise or another."""
    for cluster in CLUSTERS:
        async with superuser(platform, cluster) as connection:
            await connection.execute("CREATE TABLE planted (text text, data bytea)")
            await connection.execute(
                "INSERT INTO planted VALUES ($1, $2)", PLANTED.text, PLANTED.text.encode("utf-16")
            )
    cache = Redis.from_url(endpoint.read(platform.data_dir).cache_url)
    await cache.set("planted", zlib.compress(PLANTED.text.encode()))
    await cache.aclose()
    caller.answers.append(PLANTED.text)
    traces.bodies.append(PLANTED.text.encode().hex().encode())
    platform.events.append({"event": "planted", "text": PLANTED.text})
    for name in ("exports", "backups"):
        (folder / name / "planted.gz").write_bytes(gzip.compress(PLANTED.text.encode()))
    platform.data_dir.joinpath("log", "planted.log").write_text(PLANTED.text)


@contextmanager
def planted_process() -> Iterator[int]:
    words = [sys.executable, "-c", "import sys; sys.stdin.read()", PLANTED.text]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


async def test_no_sink_holds_what_identifies_a_person_or_a_card() -> None:
    sweep = Sweep([*SECRETS, PLANTED])
    with open_folder() as folder:
        data_dir = folder / "data"
        await furnish(data_dir)
        async with Traces().serving() as traces:
            options = ("--otlp-endpoint", traces.url)
            async with running(data_dir, *options, prefix=settings(folder)) as platform:
                await uncompress_log(platform)
                async with calling(platform) as caller:
                    await use_cards(caller)
                    await use_contacts(caller)
                    book = await use_ledger(caller)
                    assert await misplace(caller, caller.api) > 300
                    assert await misplace(caller, caller.vault) > 50
                await command(folder, "export", "--book", book, "--output", f"{folder}/exports")
                await back_up(folder)
                await plant(platform, caller, traces, folder)
                await flush(platform)
                await search_tables(sweep, platform)
                await search_cache(sweep, platform)
                with planted_process() as other:
                    search_processes(sweep, [platform.process.pid, other])
                assert await platform.stop() == 0
            for body in traces.bodies:
                sweep.search("traces", body)
        for answer in caller.answers:
            sweep.search("answers", answer.encode())
        for name in ("exports", "backups"):
            sweep.search_folder(name, folder / name)
        search_log(sweep, platform)
        search_files(sweep, platform)
    found = [finding for finding in sweep.findings if finding.canary != PLANTED.name]
    assert not found, found
    assert {finding.sink for finding in sweep.findings} >= SINKS, "a sink that is not searched"


def test_a_canary_in_json_is_found_when_its_letters_are_escaped() -> None:
    sweep = Sweep([PERSON])
    sweep.search("sink", json.dumps({"name": PERSON.text}).encode())
    assert len(sweep.findings) == 1
