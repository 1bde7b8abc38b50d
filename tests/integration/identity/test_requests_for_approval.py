"""Approvals: two people, one request, once."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bezant.identity.policy import Policy
from bezant.identity.policy.approvals import Approval, ApprovalService, ApprovalState, NewApproval
from bezant.identity.policy.approvals.errors import ApprovalNotFound
from bezant.kernel.calls import Answer, Call, Principal, PrincipalKind
from bezant.kernel.clock import ManualClock
from bezant.kernel.errors import ApprovalNotUsable
from bezant.kernel.http import Action, fingerprint_of
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.retention import Keep, Retention
from fixtures_api import Tenant

IDS = TimeOrderedIds()
ROTATE = Action("start_rotation", "vault:keys", changes=True)
PATH = "/v1/vault/rotations"
NEW = NewApproval(ROTATE.id, ROTATE.scope, "POST", PATH, "It is time.", "{}")


def person(tenant: Tenant, number: int, client: int = 1) -> Principal:
    return Principal(
        tenant.id,
        f"user:{number}:{client}",
        frozenset(),
        kind=PrincipalKind.USER,
        user_id=UUID(int=number),
    )


class Scene:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.service = ApprovalService(tenant.database, self.clock)

    def call(self, principal: Principal, body: bytes = b"{}") -> Call:
        call_id = IDS.new()
        return Call(
            call_id, self.tenant.id, principal.actor, "rotation.start", PATH, "http",
            idempotency_key=str(call_id), fingerprint=fingerprint_of("POST", PATH, body),
        )  # fmt: skip

    async def ask(self, principal: Principal) -> UUID:
        answer = await self.service.request(self.call(principal), principal, NEW)
        return answer.value(Approval).id

    async def approve(self, principal: Principal, approval: UUID, *, may: bool = True) -> Answer:
        state = ApprovalState.APPROVED
        call = self.call(principal)
        return await self.service.decide(call, principal, approval, state, lambda *_: may)

    async def is_spent(self, approval: UUID, call: Call, action: Action = ROTATE) -> bool:
        try:
            await self.service.spend(approval, action, call)
        except ApprovalNotUsable:
            return False
        return True


@pytest.fixture
def scene(tenant: Tenant) -> Scene:
    return Scene(tenant)


async def test_of_fifty_that_use_an_approval_at_once_one_does(scene: Scene) -> None:
    asking = person(scene.tenant, 1)
    approval = await scene.ask(asking)
    assert (await scene.approve(person(scene.tenant, 2), approval)).status == 200
    spent = await asyncio.gather(*(scene.is_spent(approval, scene.call(asking)) for _ in range(50)))
    assert sum(spent) == 1


async def test_a_repeat_of_the_very_request_needs_no_other(scene: Scene) -> None:
    asking = person(scene.tenant, 1)
    approval = await scene.ask(asking)
    await scene.approve(person(scene.tenant, 2), approval)
    call = scene.call(asking)
    assert await scene.is_spent(approval, call)
    assert await scene.is_spent(approval, call)
    assert not await scene.is_spent(approval, scene.call(asking))


@pytest.mark.parametrize(("number", "client"), [(1, 1), (1, 2)])
async def test_nobody_approves_their_own_request_by_another_client_either(
    scene: Scene, number: int, client: int
) -> None:
    approval = await scene.ask(person(scene.tenant, 1))
    refused = await scene.approve(person(scene.tenant, number, client), approval)
    assert refused.status == 403
    assert not await scene.is_spent(approval, scene.call(person(scene.tenant, 1)))
    assert (await scene.approve(person(scene.tenant, 2), approval)).status == 200


async def test_an_api_key_does_not_approve_for_a_person(scene: Scene) -> None:
    approval = await scene.ask(person(scene.tenant, 1))
    key = Principal(scene.tenant.id, "key:somebody's", frozenset())
    assert (await scene.approve(key, approval)).status == 403


async def test_who_may_not_do_it_does_not_approve_it(scene: Scene) -> None:
    approval = await scene.ask(person(scene.tenant, 1))
    assert (await scene.approve(person(scene.tenant, 2), approval, may=False)).status == 403
    assert (await scene.approve(person(scene.tenant, 2), approval)).status == 200


async def test_it_is_good_for_that_request_of_that_person_only(scene: Scene) -> None:
    asking = person(scene.tenant, 1)
    approval = await scene.ask(asking)
    assert not await scene.is_spent(approval, scene.call(asking)), "not approved yet"
    await scene.approve(person(scene.tenant, 2), approval)
    assert not await scene.is_spent(approval, scene.call(asking, b'{"other": 1}'))
    assert not await scene.is_spent(approval, scene.call(person(scene.tenant, 3)))
    other = Action("end_version", "vault:keys", changes=True)
    assert not await scene.is_spent(approval, scene.call(asking), other)
    assert await scene.is_spent(approval, scene.call(asking))


async def test_it_expires_undecided_and_unused(scene: Scene) -> None:
    asking = person(scene.tenant, 1)
    undecided, unused = await scene.ask(asking), await scene.ask(asking)
    await scene.approve(person(scene.tenant, 2), unused)
    scene.clock.advance(seconds=24 * 3600)
    assert (await scene.approve(person(scene.tenant, 2), undecided)).status == 409
    assert not await scene.is_spent(unused, scene.call(asking))


async def test_retention_removes_approvals_three_days_after_they_expired(scene: Scene) -> None:
    database, asking = scene.tenant.database, person(scene.tenant, 1)
    policy = Policy.shipped(database, scene.clock, IDS)
    retention = Retention(database, scene.clock, Keep(), policy.removals)
    pending, used = await scene.ask(asking), await scene.ask(asking)
    await scene.approve(person(scene.tenant, 2), used)
    call = scene.call(asking)
    assert await scene.is_spent(used, call)
    scene.clock.advance(seconds=(24 + 72) * 3600)
    await retention.sweep()
    assert (await scene.service.find(scene.tenant.id, pending)).body == "{}"
    assert await scene.is_spent(used, call), "a repeat, as long as its answer is kept"
    scene.clock.advance(seconds=1)
    assert (await retention.sweep())["approval"] >= 2
    for approval in (pending, used):
        with pytest.raises(ApprovalNotFound):
            await scene.service.find(scene.tenant.id, approval)
    await policy.close()
