"""The document and the application agree, whatever is asked: schemathesis over real HTTP."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, cast
from uuid import UUID

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import positive_data_acceptance
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from approving import asked_by_another
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Guard, ReadOperation, ScopeAuthorizer, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import transfer_id
from bezant.ledger.schedules.riders import Change
from fixtures_api import (
    CLIENT_KEYS,
    HOOK_URL,
    Api,
    Book,
    Tenant,
    bury,
    delivered,
    fresh_key,
    fx_quote,
    open_book,
    open_desk,
    serving,
)
from fixtures_notes import FULL, Desk, Found, Keyring, desk
from fixtures_reconciliation import open_match, statement
from token_desk import given_grant

pytestmark = pytest.mark.long

__all__ = ["desk"]

AnyOperation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]

PERSON = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+442071838750",
    "iban": "GB33BUKB20201555555555",
}

CLIENT = {"name": "Books", "grant_types": ["client_credentials"], "jwks": CLIENT_KEYS}

PROTOCOL_TAG = "Identity"

HOLDER = {"name": "Grace Hopper", "email": "grace@example.com"}

HOLDS = 10
"""More than there are operations on holds."""

EXAMPLES = 15
"""Of each kind of request to each operation."""


class Seeds:
    """What exists, put into generated requests, so that they get past the 404s and the 422s."""

    def __init__(
        self,
        book: Book,
        key_id: str,
        used_up: Mapping[str, Iterable[str]] | None = None,
        delivery: str = "",
        of_operations: Mapping[str, Mapping[str, str]] | None = None,
        quote: str = "",
        match: tuple[str, dict[str, Any]] = ("", {}),
        others: Mapping[str, str] | None = None,
    ) -> None:
        # What an operation needs that others would put out of use.
        self._of_operations = of_operations or {}
        # What an operation uses up, each operation has for its own.
        self._used_up = {name: iter(each) for name, each in (used_up or {}).items()}
        self._existing = {
            "book": book.id,
            "account": "wallet",
            "transaction": book.transaction,
            "key": key_id,
            "limit_group": "family",
            "period": "2000-12",
            "quote": quote,
            "endpoint": delivery.rpartition("/deliveries/")[0].rpartition("/")[2],
            "delivery": delivery.rpartition("/")[2],
            "number": "1",
            "line": "1",
            "reconciliation": match[0].rpartition("/")[2],
            **(others or {}),
        }
        self._match = match[1]

    def path_of(self, operation: AnyOperation) -> dict[str, str]:
        """Path parameters that name what exists."""
        own = self._of_operations.get(operation.definition.raw["operationId"])
        if own is not None:
            return dict(own)
        names = [parameter.name for parameter in operation.path_parameters]
        return {
            name: next(self._used_up[name]) if name in self._used_up else self._existing[name]
            for name in names
        }

    def plant(self, value: object) -> None:
        """Let a body name what exists."""
        if isinstance(value, list):
            for each in value:
                self.plant(each)
        elif isinstance(value, dict):
            for members, planted, removed in self._PLANTED:
                if members <= set(value):
                    value |= planted
                    for name in removed:
                        value.pop(name, None)
                    break
            self._name_existing(value)
            # Others work with what these would put out of use.
            value |= {"status": self._USABLE[value["status"]]} if "status" in value else {}
            if "lines" in value:
                value |= self._match
            for each in value.values():
                self.plant(each)

    def _name_existing(self, value: dict[str, Any]) -> None:
        if "from_account" in value:
            value |= {"quote": self._existing["quote"]}
        if "transfer_id" in value:
            leg = transfer_id(UUID(self._existing["transaction"]), 0)
            value |= {"transfer_id": str(leg)}
        if "user_id" in value:
            value |= {"user_id": self._existing["user"]}
        if "stream" in value:
            value |= {"stream": f"book:{self._existing['book']}", "after": 0}

    _USABLE: ClassVar = defaultdict(
        lambda: "open", dict.fromkeys(("enabled", "disabled", "deleted"), "enabled")
    )

    # Members that tell what an object is, what is put into it, and what is taken out.
    _PLANTED: ClassVar[tuple[tuple[set[str], dict[str, Any], tuple[str, ...]], ...]] = (
        (
            {"debit", "credit", "asset", "amount"},
            {"debit": "world", "credit": "wallet", "asset": "EUR"},
            ("expires_in_s", "hold_group", "closes"),
        ),
        ({"id", "asset", "type"}, {"asset": "EUR", "limits": {}}, ("limit_group", "opened_at")),
        ({"amount"}, {"amount": "1"}, ()),
        ({"closing_entries"}, {}, ("closing_entries",)),
        ({"replaces"}, {"replaces": 0, "nodes": []}, ()),
        (
            {"quote", "from_account", "to_account"},
            {"from_account": "wallet", "to_account": "dollars"},
            ("effective_at",),
        ),
        ({"pair", "rate"}, {"pair": "EUR/USD", "rate": "1.25"}, ()),
        (
            {"sell", "buy"},
            {"sell": "EUR", "buy": "USD", "sell_amount": "100"},
            ("buy_amount", "client_rate"),
        ),
        (
            {"functional_asset"},
            {"functional_asset": "EUR"},
            ("realised_account", "unrealised_account", "spread_account"),
        ),
        ({"at"}, {"at": "2026-02-01T00:00:00Z"}, ("rates",)),
        ({"url"}, {"url": HOOK_URL, "books": None}, ()),
        ({"postings"}, {}, ("captures", "voids", "imported", "reverses")),
        (
            {"grant_types"},
            CLIENT
            | {
                "profile": "fapi2",
                "authentication": "private_key_jwt",
                "binding": "dpop",
                "scopes": ["ledger:read"],
                "redirect_uris": [],
            },
            ("jwks_uri", "tls_subject"),
        ),
        ({"jwks"}, {"jwks": CLIENT_KEYS}, ("jwks_uri", "tls_subject")),
        ({"purpose"}, {"email": PERSON["email"]}, ("phone", "iban")),
        # A contact or a user: the latter has no account.
        (
            {"name", "email"},
            {name: PERSON[name] for name in ("name", "email", "phone")},
            ("subject_id", "iban"),
        ),
        # Of an account of its own: nobody matches by hand while rules are at work.
        ({"account"}, {"account": "world", "period": {"to": "2026-01-31"}}, ("rules",)),
    )


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
            if PROTOCOL_TAG in operation.definition.raw.get("tags", []):
                continue  # they follow the standards of OAuth, and have tests of their own
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
            if is_planted and name == "import_statement":
                case.media_type, case.body, case.query = "text/plain", statement().decode(), {}
            elif is_planted:
                self._seeds.plant(case.body)
            if is_planted:
                headers = headers | fresh_key()
            response = case.call(headers=headers)
            self.statuses[name].add(response.status_code)
            # 422 declines what is well-formed, which the excluded check does not know.
            case.validate_response(
                response, headers=headers, excluded_checks=[positive_data_acceptance]
            )

        ask()


async def closed_books(api: Api, tenant: Tenant) -> dict[str, dict[str, str]]:
    """For each operation on a closed period, a book that has one, and what it is asked about."""
    controller = await api.issue(tenant.id, ("ledger:close",))
    assert controller.key is not None
    found = {"close_period": {"book": (await open_book(tenant)).id, "period": "2000-12"}}
    async with api.client(controller.key) as client:
        for operation in ("reopen_period", "approve_reopening", "withdraw_reopening"):
            book = await open_book(tenant)
            path = f"{book.path}/periods/2000-12"
            await tenant.create(f"{path}/close", {})
            found[operation] = {"book": book.id, "period": "2000-12"}
            if operation != "reopen_period":
                body = {"reason": "An invoice was found."}
                asked = await client.post(f"{path}/reopen", json=body, headers=fresh_key())
                found[operation]["reopening"] = asked.json()["id"]
    return found


async def schedules_of(tenant: Tenant, book: Book) -> dict[str, dict[str, str]]:
    """A schedule for each operation on schedules, in the status that it needs."""
    made = {}
    for name in ("get_schedule", "list_occurrences", *(f"{each}_schedule" for each in Change)):
        body = {
            "transaction": book.transfer("1"),
            "first_at": "2060-01-01T00:00:00Z",
            "every": "day",
        }
        made[name] = (await tenant.create(f"{book.path}/schedules", body))["id"]
    await tenant.create(f"{book.path}/schedules/{made['resume_schedule']}/pause", {})
    return {name: {"book": book.id, "schedule": schedule} for name, schedule in made.items()}


async def users_of(tenant: Tenant) -> dict[str, dict[str, str]]:
    """A user for each operation on users: one that is disabled has other answers."""
    found = {}
    for operation in ("open_user", "disable_user", "set_user_roles", "issue_user_link"):
        new = {"name": "Ada Lovelace", "email": f"{operation}@example.com"}
        found[operation] = {"user": (await tenant.create("/v1/users", new))["user"]["id"]}
    return found


async def holders_of(tenant: Tenant, book: Book) -> dict[str, dict[str, str]]:
    """A holder to remove."""
    new = {"name": "Ada Lovelace", "email": "holder@example.com"}
    user = (await tenant.create("/v1/users", new))["user"]["id"]
    await tenant.create(f"{book.path}/accounts/wallet/holders", {"user_id": user})
    return {"remove_account_holder": {"book": book.id, "account": "wallet", "user": user}}


async def trusted_by(tenant: Tenant) -> dict[str, dict[str, str]]:
    """What lets clients register, by the operation that ends it."""
    new = {"issuer": "Directory", "jwks": CLIENT_KEYS}
    issuer = await tenant.create("/v1/software-statement-issuers", new)
    token = await tenant.create("/v1/initial-access-tokens", {"name": "Partner"})
    return {
        "remove_software_statement_issuer": {"issuer": issuer["id"]},
        "revoke_initial_access_token": {"token": token["initial_access_token"]["id"]},
    }


@pytest.mark.timeout(900)  # some thousand requests, on however busy a machine
async def test_every_answer_is_declared_and_every_operation_succeeds(api: Api) -> None:
    async with api.tenant() as tenant, serving(api.app) as url:
        book = await open_desk(tenant)
        issued = await api.issue(tenant.id, ("ledger:read",))
        limits = {"id": "family", "asset": "EUR", "type": "liability", "limits": {}}
        await tenant.create(f"{book.path}/limit-groups", limits)
        pending = {"postings": [book.transfer()["postings"][0] | {"pending": True}] * HOLDS}
        posted = await tenant.create(f"{book.path}/transactions", pending)
        spare, made = await open_match(book), await open_match(book)
        undone = await tenant.create(f"{spare[0]}/matches", spare[1])
        used_up = {
            "match": [str(undone["no"])] * 2,
            "hold": [leg["hold_id"] for leg in posted["postings"]],
            "job": [str(await bury(tenant)) for _ in range(2)],
        }
        seeds = Seeds(
            book,
            str(issued.api_key.id),
            used_up,
            await delivered(tenant),
            await closed_books(api, tenant)
            | await schedules_of(tenant, book)
            | {
                name: {"approval": await asked_by_another(tenant)}
                for name in ("read_approval", "approve_request", "refuse_request")
            }
            | await users_of(tenant)
            | await holders_of(tenant, book)
            | await trusted_by(tenant),
            await fx_quote(book),
            made,
            {
                "contact": (await tenant.create("/v1/contacts", PERSON))["id"],
                "grant": await given_grant(tenant),
                "user": (await tenant.create("/v1/users", HOLDER))["user"]["id"],
                "client": (await tenant.create("/v1/oauth-clients", CLIENT))["id"],
            },
        )
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
        guard=Guard(Keyring(), ScopeAuthorizer()),
        ids=TimeOrderedIds(),
        observe=lambda _: None,
    )
    async with serving(faulty) as url:
        asker = Asker(url, FULL, Seeds(Book(cast("Tenant", None), "", ""), ""))
        with pytest.raises(FailureGroup, match="418"):
            await asyncio.to_thread(asker.ask_everything)
