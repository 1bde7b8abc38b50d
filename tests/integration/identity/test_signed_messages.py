"""Signed requests, and the answers that are signed for them: what both sides can prove later."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from joserfc.jwk import ECKey

from bezant.formats.http_signatures import (
    Component,
    Message,
    Parameters,
    SignatureRefused,
    Verified,
    content_digest,
    sign,
    verify,
)
from bezant.identity.jose import read_public_keys
from bezant.identity.resources import SignedMessages
from bezant.kernel.clock import SystemClock
from fixtures_api import Tenant
from fixtures_tokens import TokenRealm
from token_callers import KEY_ID, Caller, new_key
from token_desk import ORIGIN, given_grant

GRANTS = "/v1/grants"
COVERED = ("@method", "@target-uri", "authorization", "dpop", "content-digest")


class Signer:
    """A client that signs what it asks."""

    def __init__(self, realm: TokenRealm, caller: Caller, token: str) -> None:
        self.realm = realm
        self.token = token
        app = SignedMessages(realm.app, realm.desk.keys, SystemClock(), prefix="/v1/")
        self.caller = replace(caller, app=app)

    async def ask(  # noqa: PLR0913 - what is wrong with a request, each by itself
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        covered: tuple[str, ...] = COVERED,
        tag: str = "fapi-2-request",
        made: timedelta = timedelta(),
        key: ECKey | None = None,
        key_id: str = KEY_ID,
        changed: dict[str, str] | None = None,
        sent: bytes | None = None,
    ) -> tuple[httpx.Response, Message]:
        """Ask, and what was asked. `changed` are headers after signing, `sent` the body."""
        await self.learn_a_nonce()
        url = ORIGIN + path
        target = url.partition("?")[0]
        headers = {
            "authorization": f"DPoP {self.token}",
            "dpop": self.caller.proof(method, target, self.token),
        }
        if body:
            headers |= {"content-digest": content_digest(body), "content-type": "application/json"}
        if method == "POST":
            headers["idempotency-key"] = uuid4().hex
        message = Message({name: [value] for name, value in headers.items()}, method, url)
        there = [name for name in covered if name.startswith("@") or name in headers]
        private = (key or self.caller.key).private_key
        assert isinstance(private, EllipticCurvePrivateKey)
        parameters = Parameters(datetime.now(UTC) + made, key_id, tag=tag)
        given, signature = sign(message, [*map(Component, there)], parameters, private)
        headers |= {"signature-input": given, "signature": signature} | (changed or {})
        async with self.caller.client() as client:
            content = body if sent is None else sent
            answer = await client.request(method, path, headers=headers, content=content)
        return answer, message

    async def learn_a_nonce(self) -> None:
        """As any client that reads does first."""
        if self.caller.nonce is None:
            assert (await self.caller.call("GET", GRANTS, self.token)).status_code == 200

    async def prove(
        self, answer: httpx.Response, asked: Message, *, body: bytes | None = None
    ) -> Verified:
        """What an answer's signature proves, with the keys that the issuer publishes."""
        jwks = await self.realm.desk.keys.jwks(self.realm.tenant.id)
        keys: Any = {key.kid: key.key.public_key for key in read_public_keys(jwks)}
        fields = {name: answer.headers.get_list(name) for name in answer.headers}
        fields["content-digest"] = [content_digest(answer.content if body is None else body)]
        asked_of = ("@method", "@target-uri", "authorization", "dpop")
        required = [Component(name, of_request=True) for name in asked_of]
        return verify(
            Message(fields, status=answer.status_code, request=asked),
            "sig",
            keys.get,
            required=[*required, Component("@status"), Component("content-digest")],
            now=datetime.now(UTC),
            age_max=timedelta(seconds=60),
        )


@pytest.fixture
async def signer(token_realm: TokenRealm) -> Signer:
    caller = await token_realm.register(scopes=["grants:read", "grants:write"])
    token = (await caller.tokens(grant_type="client_credentials"))["access_token"]
    return Signer(token_realm, caller, token)


def is_refused(answer: httpx.Response, code: str = "SIGNATURE_NOT_VALID") -> bool:
    assert "signature" not in answer.headers
    return (answer.status_code, answer.json()["code"]) == (400, code)


async def test_both_sides_can_prove_what_was_asked_and_answered(signer: Signer) -> None:
    answer, asked = await signer.ask("GET", f"{GRANTS}?limit=1")
    assert answer.status_code == 200, answer.text
    proven = await signer.prove(answer, asked)
    assert proven.parameters.tag == "fapi-2-response"
    other = replace(asked, url=f"{ORIGIN}{GRANTS}?limit=2")
    for forged in (
        signer.prove(answer, asked, body=b"{}"),
        signer.prove(answer, other),
        signer.prove(httpx.Response(404, headers=answer.headers), asked, body=answer.content),
    ):
        with pytest.raises(SignatureRefused):
            await forged


async def test_a_signed_write_is_done_and_its_refusal_is_signed_too(
    signer: Signer, tenant: Tenant
) -> None:
    path = f"{GRANTS}/{await given_grant(tenant)}/revoke"
    answer, asked = await signer.ask("POST", path, b"{}")
    assert answer.status_code == 200, answer.text
    proven = await signer.prove(answer, asked)
    assert Component("content-digest", of_request=True) in proven.components
    answer, asked = await signer.ask("POST", f"{GRANTS}/{uuid4()}/revoke", b"{}")
    assert answer.status_code == 404, answer.text
    await signer.prove(answer, asked)


@pytest.mark.parametrize("left_out", COVERED)
async def test_a_signature_covers_everything_that_decides(
    signer: Signer, tenant: Tenant, left_out: str
) -> None:
    path = f"{GRANTS}/{await given_grant(tenant)}/revoke"
    covered = tuple(name for name in COVERED if name != left_out)
    assert is_refused((await signer.ask("POST", path, b"{}", covered=covered))[0])
    assert (await signer.ask("POST", path, b"{}"))[0].status_code == 200


async def test_signatures_of_others_of_the_past_and_of_other_requests_are_refused(
    signer: Signer,
) -> None:
    minute = timedelta(seconds=61)
    for answer, _ in (
        await signer.ask("GET", GRANTS, key=new_key()),
        await signer.ask("GET", GRANTS, key_id="another"),
        await signer.ask("GET", GRANTS, made=-minute),
        await signer.ask("GET", GRANTS, made=minute),
        await signer.ask("GET", GRANTS, changed={"signature": "sig=:AAAA:"}),
        await signer.ask("GET", GRANTS, changed={"signature-input": "nonsense"}),
    ):
        assert is_refused(answer)
    assert (await signer.ask("GET", GRANTS, made=-minute / 2))[0].status_code == 200


async def test_a_body_is_the_one_that_its_digest_names(signer: Signer, tenant: Tenant) -> None:
    grant = f"{GRANTS}/{await given_grant(tenant)}"
    path, before = f"{grant}/revoke", (await signer.ask("GET", grant))[0].json()
    answer, _ = await signer.ask("POST", path, b"{}", sent=b"{ }")
    # It was signed, and so is that it was refused.
    assert (answer.status_code, answer.json()["code"]) == (400, "CONTENT_DIGEST_MISMATCH")
    assert "signature" in answer.headers
    digestless, _ = await signer.ask("POST", path, sent=b"{}")
    assert is_refused(digestless)
    assert (await signer.ask("GET", grant))[0].json() == before


async def test_what_others_signed_for_their_own_purposes_is_passed_over(signer: Signer) -> None:
    answer, _ = await signer.ask("GET", GRANTS, tag="of-a-gateway", key=new_key())
    assert answer.status_code == 200, answer.text
    assert "signature" not in answer.headers


async def test_an_api_key_has_nothing_to_sign_with(signer: Signer, tenant: Tenant) -> None:
    bearer = {"authorization": f"Bearer {tenant.key}"}
    answer, _ = await signer.ask("GET", GRANTS, changed=bearer)
    assert is_refused(answer)
    async with signer.caller.client() as client:
        unsigned = await client.get(GRANTS, headers=bearer)
    assert unsigned.status_code == 200
    assert "signature" not in unsigned.headers
