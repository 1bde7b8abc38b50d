"""Four eyes over HTTPS: what takes two people is not done by one, however they try."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from bezant.server.identity import Identity
from fixtures_api import CLIENT_KEYS, Api, Tenant, fresh_key
from token_people import Person, person_of

if TYPE_CHECKING:
    import asyncpg

NEW_KEY = {"name": "reporting", "scopes": ["ledger:read"]}
KEYS = "/v1/api-keys"


@dataclass
class Scene:
    """A tenant with two owners.

    Attributes:
        ada: who asks.
        bob: who approves.
    """

    api: Api
    identity: Identity
    tenant: Tenant
    ada: Person
    bob: Person

    async def ask(self, body: object = NEW_KEY, **others: str) -> str:
        """Ask for the approval of a request that makes a key; the approval's identifier."""
        new = {
            "operation": "create_api_key",
            "scope": "keys:write",
            "method": "POST",
            "path": KEYS,
            "body": json.dumps(body),
            "reason": "The reporting server is new.",
        }
        answer = await self.ada.post("/v1/approvals", new | others)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def approved(self, body: object = NEW_KEY) -> str:
        """The identifier of an approval that was given."""
        approval = await self.ask(body)
        assert (await self.bob.post(f"/v1/approvals/{approval}/approve", {})).status_code == 200
        return approval

    async def person(self, *roles: str, **others: Any) -> Person:  # noqa: ANN401 - members by name
        return await person_of(self.api, self.identity, self.tenant, *roles, **others)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
async def scene(api: Api, identity: Identity) -> AsyncIterator[Scene]:
    async with api.tenant() as tenant:
        ada, bob = [await person_of(api, identity, tenant, "owner") for _ in range(2)]
        yield Scene(api, identity, tenant, ada, bob)


async def test_one_person_makes_no_key_and_two_do(scene: Scene) -> None:
    alone = await scene.ada.post(KEYS, NEW_KEY)
    assert told(alone) == (403, "APPROVAL_NEEDED")
    made_up = await scene.ada.post(KEYS, NEW_KEY, **{"Bezant-Approval": str(uuid4())})
    assert told(made_up) == (409, "APPROVAL_NOT_USABLE")
    approval = await scene.ask()
    header = {"Bezant-Approval": approval}
    assert told(await scene.ada.post(KEYS, NEW_KEY, **header)) == (409, "APPROVAL_NOT_USABLE")
    seen = (await scene.bob.get(f"/v1/approvals/{approval}")).json()
    assert (seen["requested_by"], seen["body"]) == (scene.ada.actor, json.dumps(NEW_KEY))
    agreed = await scene.bob.post(f"/v1/approvals/{approval}/approve", {})
    assert (agreed.status_code, agreed.json()["decided_by"]) == (200, scene.bob.actor)
    made = await scene.ada.post(KEYS, NEW_KEY, **header)
    assert made.status_code == 201, made.text
    async with scene.api.client(made.json()["key"]) as client:
        assert (await client.get("/v1/books")).status_code == 200


async def test_one_person_ends_a_key(scene: Scene) -> None:
    issued = await scene.api.issue(scene.tenant.id, ("ledger:read",))
    ended = await scene.ada.post(f"{KEYS}/{issued.api_key.id}/revoke", {})
    assert ended.status_code == 200, ended.text
    rotated = await scene.ada.post(f"{KEYS}/{issued.api_key.id}/rotate", {"overlap_s": 0})
    assert told(rotated) == (403, "APPROVAL_NEEDED")


async def test_of_fifty_uses_of_an_approval_at_once_one_succeeds(scene: Scene) -> None:
    header = {"Bezant-Approval": await scene.approved()}
    answers = await asyncio.gather(*(scene.ada.post(KEYS, NEW_KEY, **header) for _ in range(50)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, 49), statuses


async def test_a_repeat_of_the_approved_request_is_its_replay(scene: Scene) -> None:
    headers = fresh_key() | {"Bezant-Approval": await scene.approved()}
    first = await scene.ada.post(KEYS, NEW_KEY, **headers)
    again = await scene.ada.post(KEYS, NEW_KEY, **headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["api_key"] == first.json()["api_key"]
    assert again.json()["key"] is None


async def test_nobody_approves_what_they_asked_for(scene: Scene) -> None:
    approval = await scene.ask()
    path = f"/v1/approvals/{approval}/approve"
    other_client = await scene.person(user_id=scene.ada.id)
    for who in (scene.ada, other_client):
        assert told(await who.post(path, {})) == (403, "OWN_REQUEST")
    assert told(await scene.tenant.post(path, {})) == (403, "OWN_REQUEST"), "a key is nobody"
    header = {"Bezant-Approval": approval}
    assert told(await scene.ada.post(KEYS, NEW_KEY, **header)) == (409, "APPROVAL_NOT_USABLE")
    assert (await scene.bob.post(path, {})).status_code == 200


async def test_who_could_not_do_it_does_not_approve_it(scene: Scene) -> None:
    approval = await scene.ask()
    path = f"/v1/approvals/{approval}/approve"
    for roles in (("operations",), ("compliance",)):
        assert told(await (await scene.person(*roles)).post(path, {})) == (403, "FORBIDDEN")
    narrow = await scene.person("owner", scopes=("approvals:write",))
    assert told(await narrow.post(path, {})) == (403, "FORBIDDEN")
    assert (await scene.bob.post(path, {})).status_code == 200


async def test_an_approval_is_for_that_request_of_that_person(scene: Scene) -> None:
    header = {"Bezant-Approval": await scene.approved()}
    issued = await scene.api.issue(scene.tenant.id, ("ledger:read",))
    wrong = [
        await scene.ada.post(KEYS, NEW_KEY | {"scopes": ["ledger:read", "keys:write"]}, **header),
        await scene.ada.post(f"{KEYS}/{issued.api_key.id}/rotate", {"overlap_s": 0}, **header),
        await scene.bob.post(KEYS, NEW_KEY, **header),
    ]
    assert {told(answer) for answer in wrong} == {(409, "APPROVAL_NOT_USABLE")}
    assert (await scene.ada.post(KEYS, NEW_KEY, **header)).status_code == 201


async def test_an_approval_is_of_its_tenant(
    scene: Scene, api: Api, identity: Identity, other_tenant: Tenant
) -> None:
    approval = await scene.ask()
    stranger = await person_of(api, identity, other_tenant, "owner")
    for end in ("/approve", "/refuse"):
        answer = await stranger.post(f"/v1/approvals/{approval}{end}", {})
        assert told(answer) == (404, "APPROVAL_NOT_FOUND")
    assert (await stranger.get(f"/v1/approvals/{approval}")).status_code == 404
    await scene.bob.post(f"/v1/approvals/{approval}/approve", {})
    header = {"Bezant-Approval": approval}
    assert told(await stranger.post(KEYS, NEW_KEY, **header)) == (409, "APPROVAL_NOT_USABLE")
    assert (await scene.ada.post(KEYS, NEW_KEY, **header)).status_code == 201


async def test_an_approval_that_expired_is_good_for_nothing(
    scene: Scene, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    asked, given = await scene.ask(), await scene.approved()
    expired = await owner.execute(
        "UPDATE approval SET expires_at = now() - interval '1 second'"
        " WHERE tenant_id = $1 AND approval_id = ANY($2::uuid[])",
        scene.tenant.id,
        [asked, given],
    )
    assert expired == "UPDATE 2"
    late = await scene.bob.post(f"/v1/approvals/{asked}/approve", {})
    assert told(late) == (409, "APPROVAL_CLOSED")
    header = {"Bezant-Approval": given}
    assert told(await scene.ada.post(KEYS, NEW_KEY, **header)) == (409, "APPROVAL_NOT_USABLE")


async def test_a_refused_approval_is_good_for_nothing(scene: Scene) -> None:
    approval = await scene.ask()
    assert (await scene.bob.post(f"/v1/approvals/{approval}/refuse", {})).status_code == 200
    late = await scene.bob.post(f"/v1/approvals/{approval}/approve", {})
    assert told(late) == (409, "APPROVAL_CLOSED")
    header = {"Bezant-Approval": approval}
    assert told(await scene.ada.post(KEYS, NEW_KEY, **header)) == (409, "APPROVAL_NOT_USABLE")


@pytest.mark.parametrize(
    ("second_role", "scope"),
    [
        ("developer", "vault:detokenize"),
        ("operations", "ledger:close"),
        ("compliance", "vault:keys"),
    ],
)
async def test_a_key_may_not_do_what_its_maker_is_kept_from_by_a_role(
    scene: Scene, second_role: str, scope: str
) -> None:
    """Separation of duties: the token grants the scope, and a policy forbids its use."""
    body = {"name": "a way around", "scopes": [scope]}
    eve = await scene.person("owner", second_role)
    given = []
    for who, path in ((eve, "/v1/approvals"), (scene.ada, "/v1/approvals")):
        new = {
            "operation": "create_api_key",
            "scope": "keys:write",
            "method": "POST",
            "path": KEYS,
            "body": json.dumps(body),
            "reason": "A test.",
        }
        approval = (await who.post(path, new)).json()["id"]
        agreed = await scene.bob.post(f"/v1/approvals/{approval}/approve", {})
        assert agreed.status_code == 200, agreed.text
        given.append(await who.post(KEYS, body, **{"Bezant-Approval": approval}))
    assert told(given[0]) == (403, "GRANT_TOO_WIDE")
    assert given[1].status_code == 201, given[1].text


async def test_a_key_is_not_rotated_by_who_could_not_use_it(scene: Scene) -> None:
    eve = await scene.person("owner", "developer")
    for scope, status in (("vault:detokenize", 403), ("ledger:read", 201)):
        issued = await scene.api.issue(scene.tenant.id, (scope,))
        path, body = f"{KEYS}/{issued.api_key.id}/rotate", {"overlap_s": 0}
        new = {
            "operation": "rotate_api_key",
            "scope": "keys:write",
            "method": "POST",
            "path": path,
            "body": json.dumps(body),
            "reason": "A test.",
        }
        approval = (await eve.post("/v1/approvals", new)).json()["id"]
        await scene.bob.post(f"/v1/approvals/{approval}/approve", {})
        rotated = await eve.post(path, body, **{"Bezant-Approval": approval})
        assert rotated.status_code == status, rotated.text


async def test_a_key_makes_no_key_that_grants_more_than_itself(scene: Scene) -> None:
    issued = await scene.api.issue(scene.tenant.id, ("keys:write", "ledger:read"))
    assert issued.key is not None
    async with scene.api.client(issued.key) as client:
        wider = {"name": "wider", "scopes": ["ledger:read", "ledger:write"]}
        answer = await client.post(KEYS, json=wider, headers=fresh_key())
        assert told(answer) == (403, "GRANT_TOO_WIDE")
        answer = await client.post(KEYS, json=NEW_KEY, headers=fresh_key())
        assert answer.status_code == 201


async def test_a_client_for_itself_may_do_no_more_than_who_registers_it(scene: Scene) -> None:
    developer = await scene.person("developer")
    for_itself = {"grant_types": ["client_credentials"], "jwks": CLIENT_KEYS}
    for_users = {
        "grant_types": ["authorization_code"],
        "redirect_uris": ["https://client.test/cb"],
        "jwks": CLIENT_KEYS,
    }
    for grants, scope, status in (
        (for_itself, "vault:detokenize", 403),
        (for_itself, "events:read", 201),
        (for_users, "ledger:read", 201),
    ):
        new = {"name": "Reporting", "scopes": [scope], **grants}
        answer = await developer.post("/v1/oauth-clients", new)
        assert answer.status_code == status, answer.text
    wide = {"name": "Reporting", "scopes": ["ledger:read"], **for_itself}
    registered = await scene.tenant.create("/v1/oauth-clients", wide)
    path = f"/v1/oauth-clients/{registered['id']}/keys"
    answer = await developer.post(path, {"jwks": CLIENT_KEYS})
    assert told(answer) == (403, "CLIENT_GRANT_TOO_WIDE")
    assert (await scene.ada.post(path, {"jwks": CLIENT_KEYS})).status_code == 200
