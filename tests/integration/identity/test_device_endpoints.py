"""What applications on bound devices ask an issuer, by HTTP."""

import base64
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from bezant.identity.enrolment import DeviceEndpoints
from bezant.identity.factors.approvals import ApprovalState
from bezant.identity.factors.device_keys import (
    binding_message,
    decision_message,
    listing_message,
)
from bezant.identity.http import add_protocol
from bezant.identity.issuers import TenantIssuers
from fixtures_users import ORIGIN, Town
from telephone import Telephone


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.fixture
async def client(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """A telephone's."""
    app = FastAPI()
    issuers = TenantIssuers(town.means.database, ORIGIN)
    add_protocol(app, DeviceEndpoints(town.people.approvals).part().endpoints, issuers)
    base = f"{ORIGIN}/id/{town.tenant_id}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as client:
        yield client


async def test_a_device_is_bound_told_and_decides(town: Town, client: httpx.AsyncClient) -> None:
    who = await town.somebody()
    challenge = await town.people.factors.begin_device(await town.log_in(who))
    telephone, tenant_id = Telephone(town), town.tenant_id
    bound = await client.post(
        "/devices",
        data={
            "challenge": challenge,
            "public_key": text(telephone.public_key),
            "signature": text(telephone.sign(binding_message(tenant_id, challenge))),
        },
    )
    assert bound.status_code == 201, bound.text
    telephone.id = UUID(bound.json()["device_id"])
    approval_id = await town.people.approvals.ask(tenant_id, who.id, b"to be shown")
    now = int(town.clock.now().timestamp())
    listing = listing_message(tenant_id, telephone.id, now)
    asking = {"device_id": str(telephone.id), "at": str(now)}
    told = await client.post(
        "/devices/approvals", data={**asking, "signature": text(telephone.sign(listing))}
    )
    [asked] = told.json()["approvals"]
    assert (asked["id"], asked["shown"]) == (str(approval_id), text(b"to be shown"))
    digest = hashlib.sha256(b"to be shown").digest()
    decided = {
        "approval_id": str(approval_id),
        "device_id": str(telephone.id),
        "decision": "approved",
    }
    refusing = decision_message(tenant_id, approval_id, digest, is_approved=False)
    wrong = await client.post(
        "/devices/decisions", data={**decided, "signature": text(telephone.sign(refusing))}
    )
    assert wrong.status_code == 404
    approving = decision_message(tenant_id, approval_id, digest, is_approved=True)
    right = {**decided, "signature": text(telephone.sign(approving))}
    assert (await client.post("/devices/decisions", data=right)).status_code == 204
    assert (await client.post("/devices/decisions", data=right)).status_code == 404
    state = await town.people.approvals.state(tenant_id, approval_id)
    assert state is ApprovalState.APPROVED


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/devices", {"challenge": "x", "public_key": "AAAA"}),
        ("/devices", {"challenge": "x", "public_key": "?", "signature": "AAAA"}),
        ("/devices/approvals", {"device_id": "x", "at": "1", "signature": "AAAA"}),
        ("/devices/approvals", {"device_id": "x", "at": "-1", "signature": "AAAA"}),
        ("/devices/decisions", {"decision": "perhaps"}),
        ("/devices/decisions", {"decision": "approved", "approval_id": "x"}),
    ],
)
async def test_what_cannot_be_read_is_an_invalid_request(
    client: httpx.AsyncClient, path: str, form: dict[str, str]
) -> None:
    answer = await client.post(path, data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_what_nobody_signed_binds_nothing(town: Town, client: httpx.AsyncClient) -> None:
    telephone = Telephone(town)
    form = {"challenge": "x", "public_key": text(telephone.public_key), "signature": "AAAA"}
    assert (await client.post("/devices", data=form)).status_code == 422
