"""Grants: who sees them, who ends them, and what the platform tells of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from bezant.identity.grants import Grant, GrantNotFound, GrantService, NewGrant
from bezant.identity.logins import Acr, Login
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from fixtures_api import Tenant

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

PAYMENT = {"type": "payment", "amount": "12.50", "creditors": [{"iban": "GB33BUKB20201555555555"}]}


@dataclass
class Giver:
    """Gives grants of one tenant."""

    tenant: Tenant
    grants: GrantService

    async def give(
        self, *, client_id: UUID | None = None, user_id: UUID | None = None, days: int | None = None
    ) -> Grant:
        now = datetime.now(UTC)
        login = Login(user_id or uuid4(), uuid4(), now, Acr.SCA, ("pwd", "hwk"))
        new = NewGrant(
            client_id=client_id or uuid4(),
            login=login,
            scopes=frozenset({"openid", "accounts"}),
            details=(PAYMENT,),
            resources=("https://bezant.test",),
            until=None if days is None else now + timedelta(days=days),
        )

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Grant:
            return await self.grants.make(connection, self.tenant.id, new, now)

        return await self.tenant.database.transaction(work)

    async def kinds(self, grant: Grant) -> list[str]:
        """The events that tell of a grant."""
        rows = await self.tenant.database.fetch(
            "SELECT kind FROM event_pending WHERE tenant_id = $1 AND subject = $2"
            " ORDER BY event_id",
            self.tenant.id,
            f"/v1/grants/{grant.id}",
        )
        return [row["kind"] for row in rows]


@pytest.fixture
def giver(tenant: Tenant) -> Giver:
    return Giver(tenant, GrantService(tenant.database, SystemClock(), TimeOrderedIds()))


async def test_a_grant_is_found_as_it_was_given(giver: Giver) -> None:
    grant = await giver.give(days=30)
    assert await giver.grants.find(giver.tenant.id, grant.id) == grant


async def test_another_tenants_grant_is_not_found(giver: Giver, other_tenant: Tenant) -> None:
    grant = await giver.give()
    with pytest.raises(GrantNotFound):
        await giver.grants.find(other_tenant.id, grant.id)


async def test_operators_list_the_grants_of_a_user_or_a_client(giver: Giver) -> None:
    user, client = uuid4(), uuid4()
    both = await giver.give(user_id=user, client_id=client)
    of_user = await giver.give(user_id=user)
    of_client = await giver.give(client_id=client)

    async def listed(query: str) -> list[str]:
        answer = await giver.tenant.client.get(f"/v1/grants?{query}")
        return [grant["id"] for grant in answer.json()["grants"]]

    assert await listed(f"user_id={user}") == [str(both.id), str(of_user.id)]
    assert await listed(f"client_id={client}") == [str(both.id), str(of_client.id)]
    assert await listed(f"client_id={client}&user_id={user}") == [str(both.id)]
    assert {str(both.id), str(of_user.id), str(of_client.id)} <= {*await listed("limit=1000")}


async def test_a_list_goes_on_where_its_page_ended(giver: Giver) -> None:
    user = uuid4()
    given = [str((await giver.give(user_id=user)).id) for _ in range(3)]
    first = (await giver.tenant.client.get(f"/v1/grants?user_id={user}&limit=2")).json()
    rest = f"/v1/grants?user_id={user}&limit=2&cursor={first['next']}"
    second = (await giver.tenant.client.get(rest)).json()
    assert [grant["id"] for grant in first["grants"] + second["grants"]] == given
    assert second["next"] is None
    other = f"/v1/grants?user_id={uuid4()}&limit=2&cursor={first['next']}"
    assert (await giver.tenant.client.get(other)).json()["code"] == "INVALID_CURSOR"


async def test_an_operator_ends_a_grant_once(giver: Giver) -> None:
    grant = await giver.give()
    path = f"/v1/grants/{grant.id}/revoke"
    first = await giver.tenant.post(path, {})
    again = await giver.tenant.post(path, {})
    assert first.status_code == again.status_code == 200
    assert first.json()["revoked_at"] is not None
    assert again.json() == first.json()
    assert await giver.kinds(grant) == ["grant.made", "grant.revoked"]


async def test_a_user_who_is_disabled_loses_all_that_they_gave(giver: Giver) -> None:
    user, now = uuid4(), datetime.now(UTC)
    given = [await giver.give(user_id=user) for _ in range(3)]
    others = await giver.give()
    await giver.tenant.database.transaction(
        lambda connection: giver.grants.end_of_user(connection, giver.tenant.id, user, now)
    )
    found = [await giver.grants.find(giver.tenant.id, grant.id) for grant in given]
    assert [grant.revoked_at for grant in found] == [now] * 3
    assert (await giver.grants.find(giver.tenant.id, others.id)).revoked_at is None


def test_a_grant_is_over_at_its_end_and_not_before() -> None:
    now = datetime.now(UTC)
    grant = Grant(
        id=uuid4(),
        tenant_id=uuid4(),
        client_id=uuid4(),
        login=Login(uuid4(), uuid4(), now, Acr.PASSWORD, ("pwd",)),
        scopes=frozenset(),
        details=(),
        resources=(),
        until=now,
        created_at=now,
    )
    assert grant.holds_at(now - timedelta.resolution)
    assert not grant.holds_at(now)
