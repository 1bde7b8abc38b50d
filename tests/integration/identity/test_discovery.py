"""What an issuer announces: valid, its own, and nothing that is not served."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest

from bezant.identity.discovery import Discovery
from bezant.identity.http import ProtocolAnswer, ProtocolEndpoint, ProtocolRequest
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.jose import read_public_keys
from bezant.identity.parts import Part
from bezant.server.identity import Identity
from fixtures_api import BASE, MTLS_BASE, Api, Tenant

SCHEMA = "identity/fapi/rfc8414-oauth_authorization_server_metadata.schema.json"


@pytest.fixture
async def anybody(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a credential."""
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def paths(tenant_id: object) -> tuple[str, str]:
    return (
        f"/.well-known/oauth-authorization-server/id/{tenant_id}",
        f"/id/{tenant_id}/.well-known/openid-configuration",
    )


async def test_metadata_is_where_both_standards_look_and_names_its_issuer(
    anybody: httpx.AsyncClient, tenant: Tenant
) -> None:
    for path in paths(tenant.id):
        answer = await anybody.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert "max-age" in answer.headers["cache-control"]
        metadata = answer.json()
        assert metadata["issuer"] == f"{BASE}/id/{tenant.id}"
        assert metadata["jwks_uri"] == f"{BASE}/id/{tenant.id}/jwks"


async def test_metadata_is_valid_by_the_schema_of_rfc_8414(
    anybody: httpx.AsyncClient, tenant: Tenant, vectors: Path
) -> None:
    schema = json.loads((vectors / SCHEMA).read_text())
    metadata = (await anybody.get(paths(tenant.id)[0])).json()
    jsonschema.validate(metadata, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(metadata | {"jwks_uri": 1}, schema)


async def test_every_endpoint_that_is_announced_is_served(
    anybody: httpx.AsyncClient, tenant: Tenant
) -> None:
    metadata = (await anybody.get(paths(tenant.id)[0])).json()
    urls = [
        url
        for name, url in metadata.items()
        if name.endswith(("_endpoint", "_uri")) and isinstance(url, str)
    ]
    assert urls
    for url in urls:
        answers = [(await anybody.request(method, url)).status_code for method in ("GET", "POST")]
        assert 404 not in answers, url


async def test_the_keys_that_are_published_are_fit_for_clients(
    anybody: httpx.AsyncClient, tenant: Tenant, identity: Identity
) -> None:
    answer = await anybody.get(f"/id/{tenant.id}/jwks")
    keys = read_public_keys(answer.json())
    token = await identity.keys.sign(tenant.id, {}, typ="JWT")
    assert {key.algorithm for key in keys} == {"PS256", "ES256", "EdDSA"}
    assert await identity.keys.verify(tenant.id, token, "JWT") == {}


async def test_of_nobody_there_is_no_issuer(anybody: httpx.AsyncClient, tenant: Tenant) -> None:
    for unknown in (uuid4(), "x", str(tenant.id).upper(), f"{{{tenant.id}}}"):
        for path in (*paths(unknown), f"/id/{unknown}/jwks"):
            assert (await anybody.get(path)).status_code == 404, path


async def _nothing(_: ProtocolRequest) -> ProtocolAnswer:
    return ProtocolAnswer.empty(204)


def _endpoint(endpoint: Endpoint) -> ProtocolEndpoint:
    return ProtocolEndpoint(
        id=endpoint.value, method="POST", endpoint=endpoint, summary="", handler=_nothing
    )


def test_what_is_installed_is_announced_and_nothing_else(identity: Identity) -> None:
    issuer = Issuer(uuid4(), BASE, MTLS_BASE)
    tokens = Part(
        [_endpoint(Endpoint.TOKEN), _endpoint(Endpoint.AUTHORIZATION)],
        {"grant_types_supported": ["client_credentials"]},
    )
    metadata: dict[str, Any] = Discovery(identity.keys, ["private_key_jwt"], [tokens]).metadata(
        issuer
    )
    assert metadata["token_endpoint"] == issuer.at(Endpoint.TOKEN)
    assert metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert metadata["grant_types_supported"] == ["client_credentials"]
    assert "pushed_authorization_request_endpoint" not in metadata
    # Browsers are never asked for a certificate.
    assert metadata["mtls_endpoint_aliases"] == {"token_endpoint": issuer.at_mtls(Endpoint.TOKEN)}
    assert metadata["tls_client_certificate_bound_access_tokens"] is True
    bare = Discovery(identity.keys, [], []).metadata(Issuer(issuer.tenant_id, BASE))
    assert not {"token_endpoint", "mtls_endpoint_aliases"} & set(bare)
