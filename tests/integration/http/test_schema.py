"""The document and the application agree, whatever is asked: schemathesis over real HTTP."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import positive_data_acceptance
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from bezant.kernel.errors import Refusal
from bezant.kernel.http import ReadOperation, install
from bezant.kernel.ids import TimeOrderedIds
from fixtures_api import HOOK_URL, Api, Book, Tenant, bury, delivered, fresh_key, open_book, serving
from fixtures_notes import FULL, Desk, Found, Keyring, desk

__all__ = ["desk"]

AnyOperation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]

EXAMPLES = 15
"""Of each kind of request to each operation."""


class Seeds:
    """What exists, put into generated requests, so that they get past the 404s and the 422s."""

    def __init__(
        self, book: Book, key_id: str, jobs: Iterable[str] = (), delivery: str = ""
    ) -> None:
        # A dead letter that is replayed is none any more, so each operation has its own.
        self._jobs = iter(jobs)
        self._existing = {
            "book": book.id,
            "account": "wallet",
            "transaction": book.transaction,
            "key": key_id,
            "endpoint": delivery.rpartition("/deliveries/")[0].rpartition("/")[2],
            "delivery": delivery.rpartition("/")[2],
        }

    def path_of(self, operation: AnyOperation) -> dict[str, str]:
        """Path parameters that name what exists."""
        names = [parameter.name for parameter in operation.path_parameters]
        return {name: next(self._jobs) if name == "job" else self._existing[name] for name in names}

    def plant(self, value: object) -> None:
        """Let a body name what exists."""
        if isinstance(value, list):
            for each in value:
                self.plant(each)
        elif isinstance(value, dict):
            if {"debit", "credit", "asset", "amount"} <= set(value):
                value |= {"debit": "world", "credit": "wallet", "asset": "EUR"}
            elif {"id", "asset", "type"} <= set(value):
                value["asset"] = "EUR"
                value.pop("limits", None)
            elif "url" in value:
                value |= {"url": HOOK_URL, "books": None}
            elif "stream" in value:
                value |= {"stream": f"book:{self._existing['book']}", "after": 0}
            if value.get("status") in {"disabled", "deleted"}:
                value["status"] = "enabled"  # of webhook endpoints, which others work with
            for each in value.values():
                self.plant(each)


class Asker:
    """Sends generated requests and holds every answer against the document."""

    def __init__(self, url: str, key: str, seeds: Seeds) -> None:
        self._document_url = f"{url}/openapi.json"
        # A stream would not end.
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._seeds = seeds
        self.statuses: dict[str, set[int]] = defaultdict(set)

    def ask_everything(self) -> None:
        """Blocks; not for the event loop's thread."""
        schema = schemathesis.openapi.from_url(self._document_url)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            path = self._seeds.path_of(operation)
            takes_nothing = not operation.body and not any(operation.iter_parameters())
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if takes_nothing and mode is GenerationMode.NEGATIVE:
                    continue
                anywhere = operation.as_strategy(generation_mode=mode)
                existing = operation.as_strategy(generation_mode=mode, path_parameters=path)
                self._ask(operation, anywhere, is_planted=False)
                self._ask(operation, existing, is_planted=mode is GenerationMode.POSITIVE)

    def _ask(
        self, operation: AnyOperation, cases: st.SearchStrategy[AnyCase], *, is_planted: bool
    ) -> None:
        name = operation.definition.raw["operationId"]

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def ask(case: AnyCase) -> None:
            headers = self._headers
            if is_planted:
                self._seeds.plant(case.body)
                headers = headers | fresh_key()
            response = case.call(headers=headers)
            self.statuses[name].add(response.status_code)
            # 422 declines what is well-formed, which the excluded check does not know.
            case.validate_response(
                response, headers=headers, excluded_checks=[positive_data_acceptance]
            )

        ask()


async def test_every_answer_is_declared_and_every_operation_succeeds(api: Api) -> None:
    async with api.tenant() as tenant, serving(api.app) as url:
        book = await open_book(tenant)
        issued = await api.issue(tenant.id, ("ledger:read",))
        jobs = [str(await bury(tenant)) for _ in range(2)]
        seeds = Seeds(book, str(issued.api_key.id), jobs, await delivered(tenant))
        asker = Asker(url, tenant.key, seeds)
        await asyncio.to_thread(asker.ask_everything)
    failing = [
        name
        for name, seen in asker.statuses.items()
        if not any(200 <= status < 300 for status in seen)
    ]
    assert failing == []


class Teapot(Refusal):
    """Declared nowhere."""

    status, code, title = 418, "TEAPOT", "A teapot"


async def test_an_undeclared_answer_would_be_found(desk: Desk) -> None:
    async def brew(_: object) -> Found:
        raise Teapot("Short and stout.")

    [_, search, _] = desk.notes.operations()
    assert isinstance(search, ReadOperation)
    faulty = FastAPI(redirect_slashes=False)
    install(
        faulty,
        [replace(search, handler=brew)],
        authenticator=Keyring(),
        ids=TimeOrderedIds(),
        observe=lambda _: None,
    )
    async with serving(faulty) as url:
        asker = Asker(url, FULL, Seeds(Book(cast("Tenant", None), "", ""), ""))
        with pytest.raises(FailureGroup, match="418"):
            await asyncio.to_thread(asker.ask_everything)
