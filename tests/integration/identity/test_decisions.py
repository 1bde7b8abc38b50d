"""Decisions are audited, say which policy made them, and are denials whenever something fails."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import cedarpy
import httpx
import msgspec
import pytest
from fastapi import FastAPI

from bezant.banking import OwnsAccount
from bezant.identity.logins import Acr
from bezant.identity.policy import (
    Engine,
    PolicyAuthorizer,
    PolicyBook,
    Relation,
    Relations,
    audited,
    shipped_policies,
    shipped_schema,
)
from bezant.identity.policy.approvals import ApprovalService
from bezant.identity.policy.audited import DecisionLog
from bezant.kernel.api_keys import ApiKeyAuthenticator
from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.http import Action, Context, Decision, Guard, Resource, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbox import EventReader, operations
from bezant.server.identity import Identity
from fixtures_api import BASE, Api, Book, Tenant
from proxies import CommitProxy
from token_people import new_user, person_of

READ_BALANCE = Action("get_balance", "ledger:read")
ACCOUNT = "/v1/books/{book}/accounts/{account}/balance"
CLOCK, IDS = SystemClock(), TimeOrderedIds()


def person(tenant: Tenant, *roles: str, scope: str = "ledger:read") -> Principal:
    """Somebody of a tenant, whom no other test knows."""
    user_id = uuid4()
    return Principal(
        tenant.id, f"user:{user_id}", frozenset({scope}), kind=PrincipalKind.USER,
        user_id=user_id, roles=frozenset(roles), authenticated_at=CLOCK.now(),
    )  # fmt: skip


def resource(tenant: Tenant, names: Mapping[str, str] | None = None) -> Resource:
    return Resource(tenant.id, ACCOUNT, names or {})


async def entries(tenant: Tenant, actor: str) -> list[dict[str, Any]]:
    """What the audit log has of somebody, in order."""
    rows = await tenant.database.fetch(
        "SELECT action, resource, purpose, origin, outcome, status FROM audit_entry"
        " WHERE tenant_id = $1 AND actor = $2 ORDER BY entry_id",
        tenant.id,
        actor,
    )
    return [dict(row) for row in rows]


async def written(tenant: Tenant, actor: str) -> list[dict[str, Any]]:
    """The same once something is there; what runs in the background has its turn meanwhile."""
    async with asyncio.timeout(30):
        while not (found := await entries(tenant, actor)):
            continue
    return found


@asynccontextmanager
async def authorizing(
    database: Database, *relations: Relation, engine: Engine | None = None
) -> AsyncIterator[tuple[PolicyAuthorizer, DecisionLog]]:
    """An authorizer of the test's own."""
    decisions = DecisionLog(database, CLOCK, IDS)
    authorizer = PolicyAuthorizer(
        engine or Engine.shipped(),
        Relations(relations),
        ApprovalService(database, CLOCK),
        decisions,
        CLOCK,
    )
    yield authorizer, decisions
    await decisions.close()


async def decide(authorizer: PolicyAuthorizer, who: Principal, action: Action) -> Decision:
    return await authorizer.decide(who, action, Resource(who.tenant_id, ACCOUNT), Context())


async def test_a_denial_is_written_with_the_policy_that_made_it(tenant: Tenant) -> None:
    async with authorizing(tenant.database) as (authorizer, _):
        nobody = person(tenant)
        narrow = person(tenant, "owner", scope="events:read")
        for who in (nobody, narrow):
            assert not (await decide(authorizer, who, READ_BALANCE)).allowed
        [entry] = await written(tenant, nobody.actor)
        assert (entry["action"], entry["outcome"]) == ("decide.get_balance", "refused")
        assert (entry["purpose"], entry["status"]) == ("No policy permits this.", 403)
        [entry] = await written(tenant, narrow.actor)
        assert entry["purpose"] == "granted-scopes-only"


async def test_whoever_looks_at_what_is_sensitive_is_written_down_with_why_they_may(
    tenant: Tenant,
) -> None:
    looks = Action("list_vault_keys", "vault:keys")
    owner = person(tenant, "owner", scope="vault:keys")
    async with authorizing(tenant.database) as (authorizer, _):
        refused = await decide(authorizer, owner, looks)
        assert refused.refusal is not None, "the login was not strong"
        strong = msgspec.structs.replace(owner, acr=Acr.SCA)
        assert (await decide(authorizer, strong, looks)).allowed
    first, second = await entries(tenant, owner.actor)
    assert (first["outcome"], first["purpose"]) == ("refused", "strong-login-for-secrets")
    assert (second["outcome"], second["purpose"]) == ("done", "owner")


async def test_decisions_are_on_their_way_into_the_log_within_a_part_of_a_second() -> None:
    assert audited.EVERY_S < 0.5


async def test_of_a_denied_path_the_log_keeps_identifiers_only(tenant: Tenant) -> None:
    who, book = person(tenant), str(uuid4())
    names = {"book": book, "account": "4111111111111111"}
    async with authorizing(tenant.database) as (authorizer, _):
        await authorizer.decide(who, READ_BALANCE, resource(tenant, names), Context())
    [entry] = await entries(tenant, who.actor)
    assert entry["resource"] == f"/v1/books/{book}/accounts/{{account}}/balance"


async def test_a_write_is_in_the_log_before_it_is_answered(
    api: Api, identity: Identity, book: Book
) -> None:
    clerk = await person_of(api, identity, book.tenant, "operations")
    user = str(await new_user(book.tenant))
    path = f"{book.path}/accounts/wallet/holders"
    for status in (201, 409):
        answer = await clerk.post(path, {"user_id": user})
        assert answer.status_code == status
        found = await entries(book.tenant, clerk.actor)
        [*_, entry] = [each for each in found if each["origin"] == "http"]
        assert (entry["resource"], entry["status"]) == (path, status)
    await clerk.http.aclose()


def failing(*_: object) -> cedarpy.AuthzResult:
    raise RuntimeError("the evaluator broke")


class BrokenRelation:
    """Fails as no domain should."""

    name = "owns_account"
    parameters = frozenset({"book"})

    async def holds(self, _tenant_id: UUID, _user_id: UUID, _names: Mapping[str, str]) -> bool:
        raise RuntimeError("the relation broke")


async def test_an_evaluator_that_fails_denies_and_is_written_down(tenant: Tenant) -> None:
    book = PolicyBook.read(shipped_policies(), shipped_schema())
    for engine, is_allowed in ((Engine(book), True), (Engine(book, evaluate=failing), False)):
        who = person(tenant, "owner")
        async with authorizing(tenant.database, engine=engine) as (authorizer, _):
            assert (await decide(authorizer, who, READ_BALANCE)).allowed is is_allowed
        found = await entries(tenant, who.actor)
        assert [each["outcome"] for each in found] == ([] if is_allowed else ["refused"])
    assert found[0]["purpose"].startswith("The policies could not be evaluated")


async def test_a_relation_that_fails_denies_whatever_else_would_permit_it(tenant: Tenant) -> None:
    who = person(tenant, "owner")
    async with authorizing(tenant.database, BrokenRelation()) as (authorizer, _):
        names = {"book": str(uuid4())}
        denied = await authorizer.decide(who, READ_BALANCE, resource(tenant, names), Context())
        assert not denied.allowed
        assert (await authorizer.decide(who, READ_BALANCE, resource(tenant), Context())).allowed
    [entry] = await entries(tenant, who.actor)
    assert entry["purpose"].startswith("The policies could not be evaluated")


async def test_over_http_a_fault_of_the_evaluator_is_a_403_and_changes_nothing(
    tenant: Tenant,
) -> None:
    book = PolicyBook.read(shipped_policies(), shipped_schema())
    statuses = []
    for engine in (Engine(book), Engine(book, evaluate=failing)):
        keys = ApiKeyAuthenticator(tenant.database, CLOCK)
        async with authorizing(tenant.database, engine=engine) as (authorizer, _):
            app = FastAPI(redirect_slashes=False)
            install(
                app, operations(EventReader(tenant.database)), guard=Guard(keys, authorizer),
                ids=IDS, observe=lambda _: None,
            )  # fmt: skip
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=BASE
            ) as client:
                headers = {"Authorization": f"Bearer {tenant.key}"}
                statuses.append((await client.get("/v1/events", headers=headers)).status_code)
        await keys.close()
    assert statuses == [200, 403]


@asynccontextmanager
async def breakable(app_url: str) -> AsyncIterator[tuple[CommitProxy, Database]]:
    """A database that is away but while its proxy serves."""
    with tempfile.TemporaryDirectory(prefix="bzp-", dir="/tmp") as folder:
        proxy = CommitProxy(app_url, Path(folder))
        async with proxy.serving():
            database = await Database.open(proxy.url, name="proxied")
        yield proxy, database
        await database.close()


async def test_with_the_database_away_nobody_is_taken_for_an_owner(
    tenant: Tenant, book: Book, app_url: str
) -> None:
    who = person(tenant)
    names = {"book": book.id, "account": "wallet"}
    async with (
        breakable(app_url) as (proxy, database),
        authorizing(tenant.database, OwnsAccount(database)) as (authorizer, _),
    ):
        with pytest.raises(Unavailable):
            await authorizer.decide(who, READ_BALANCE, resource(tenant, names), Context())
        async with proxy.serving():
            denied = await authorizer.decide(who, READ_BALANCE, resource(tenant, names), Context())
            assert not denied.allowed, "the control: with it there, it is known that they do not"


async def test_what_cannot_be_audited_is_not_decided_and_what_waited_is_written(
    tenant: Tenant, app_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audited, "WAITING_MAX", 3)
    who = person(tenant)
    async with (
        breakable(app_url) as (proxy, database),
        authorizing(database) as (authorizer, decisions),
    ):
        for _ in range(3):
            assert not (await decide(authorizer, who, READ_BALANCE)).allowed
        with pytest.raises(Unavailable):
            await decide(authorizer, who, READ_BALANCE)
        async with proxy.serving():
            await decisions.close()
            assert len(await entries(tenant, who.actor)) == 3
            assert not (await decide(authorizer, who, READ_BALANCE)).allowed
            await decisions.close()
    assert len(await entries(tenant, who.actor)) == 4
