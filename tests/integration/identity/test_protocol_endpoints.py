"""Protocol endpoints: strict about what they read, and in their standards' words."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from bezant.identity.http import (
    Body,
    OAuthError,
    ProtocolAnswer,
    ProtocolEndpoint,
    ProtocolRequest,
    add_protocol,
)
from bezant.identity.issuers import Endpoint, Issuer
from bezant.kernel.errors import Busy, NotFound, Unavailable
from fixtures_api import serving

TENANT = UUID("0198f7e0-0000-7000-8000-000000000001")
FORM = "application/x-www-form-urlencoded"


class OneIssuer:
    """Knows one tenant."""

    async def find(self, tenant_id: UUID) -> Issuer:
        if tenant_id != TENANT:
            raise NotFound("There is nothing under this path.")
        return self.of(tenant_id)

    def of(self, tenant_id: UUID) -> Issuer:
        return Issuer(tenant_id, "https://bank.example", "https://mtls.bank.example")


async def told(request: ProtocolRequest) -> ProtocolAnswer:
    """What was read."""
    seen: dict[str, Any] = {
        "url": request.url,
        "method": request.method,
        "form": dict(request.form),
        "query": dict(request.query),
        "json": dict(request.json),
        "path": dict(request.path),
        "cookies": dict(request.cookies),
        "address": request.address,
    }
    return ProtocolAnswer.json(200, seen)


async def declined(request: ProtocolRequest) -> ProtocolAnswer:
    """Decline in the way that is asked for."""
    match request.form.get("how"):
        case "oauth":
            raise OAuthError("invalid_grant", "No.", headers=[(b"dpop-nonce", b"n")])
        case "busy":
            raise Busy("Later.", retry_after_s=7)
        case "down":
            raise Unavailable("Later.")
        case _:
            return ProtocolAnswer.redirect("https://app.example/?code=1")


ENDPOINTS = [
    ProtocolEndpoint(
        id="tell", method="POST", endpoint=Endpoint.TOKEN, summary="Tell", handler=told
    ),
    ProtocolEndpoint(
        id="show", method="GET", path="/id/{tenant}/things/{thing}", summary="Show", handler=told
    ),
    ProtocolEndpoint(
        id="decline", method="POST", path="/id/{tenant}/no", summary="Decline", handler=declined
    ),
    ProtocolEndpoint(
        id="register",
        method="POST",
        endpoint=Endpoint.REGISTRATION,
        summary="Register",
        handler=told,
        takes=Body.JSON,
    ),
]


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[str]:
    app = FastAPI(redirect_slashes=False)
    add_protocol(app, ENDPOINTS, OneIssuer())
    async with serving(app) as url:
        yield f"{url}/id/{TENANT}"


@pytest.fixture
async def client(server: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server) as client:
        yield client


async def test_a_request_is_read_whole(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/token?q=1", data={"a": "b c", "empty": ""}, headers={"Cookie": "x=1; y=2; x=3"}
    )
    seen = answer.json()
    assert seen["url"] == f"https://bank.example/id/{TENANT}/token"
    assert (seen["form"], seen["query"], seen["cookies"]) == ({"a": "b c"}, {"q": "1"}, {"y": "2"})
    assert seen["address"] == "127.0.0.1"
    seen = (await client.get("/things/7")).json()
    assert (seen["path"], seen["method"]) == ({"thing": "7"}, "GET")
    assert (await client.post("/token")).json()["form"] == {}


async def test_head_is_get_without_its_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/things/7")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"a=1&a=2", FORM),
        (b"a=%zz%ff", FORM),
        (b"a=1", "application/json"),
        (b"a=1", "text/plain"),
        (b"a=1", f"{FORM}; charset=latin-1"),
        (b'{"a":1}', "application/json"),
    ],
)
async def test_a_form_that_can_be_read_in_two_ways_is_an_invalid_request(
    client: httpx.AsyncClient, body: bytes, media_type: str
) -> None:
    answer = await client.post("/token", content=body, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    good = await client.post("/token", content=b"a=1", headers={"Content-Type": FORM})
    assert good.json()["form"] == {"a": "1"}


async def test_a_doubled_query_parameter_is_an_invalid_request(client: httpx.AsyncClient) -> None:
    answer = await client.get("/things/7?a=1&a=2")
    assert answer.json()["error"] == "invalid_request"


async def test_a_body_is_bounded_and_not_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/token", content=b"a=" + b"b" * 65_536, headers={"Content-Type": FORM}
    )
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    answer = await client.post("/token", content=b"a=1", headers=headers)
    assert answer.json()["error"] == "invalid_request"


async def test_json_is_read_where_it_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post("/register", json={"a": [1]})).json()["json"] == {"a": [1]}
    headers = {"Content-Type": "application/json"}
    for body in (b'{"a":1,"a":2}', b"[]", b"{", b"null"):
        answer = await client.post("/register", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), body


async def test_refusals_are_in_the_words_of_oauth(client: httpx.AsyncClient) -> None:
    answer = await client.post("/no", data={"how": "oauth"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert answer.headers["dpop-nonce"] == "n"
    answer = await client.post("/no", data={"how": "busy"})
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "7"
    answer = await client.post("/no", data={"how": "down"})
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    answer = await client.post("/no")
    assert (answer.status_code, answer.headers["location"]) == (303, "https://app.example/?code=1")


async def test_other_methods_and_other_tenants_are_not_served(
    client: httpx.AsyncClient, server: str
) -> None:
    answer = await client.get("/token")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    other = server.replace(str(TENANT), "0198f7e0-0000-7000-8000-000000000002")
    for url in (other, server.replace(str(TENANT), "x"), server.replace("0198f7e0", "0198F7E0")):
        assert (await client.post(f"{url}/token", data={"a": "1"})).status_code == 404
