"""The platform's listener for clients with certificates, seen from outside."""

import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from bezant.identity.certificates import PresentedCertificate
from bezant.server import endpoint
from bezant.server.provisioning import SANDBOX
from certified import Holder, self_signed
from fixtures_servers import open_folder
from running_platform import RunningPlatform, running

pytestmark = pytest.mark.long

LIVE = "/health/live"


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data", "--workers", "2") as platform:
            yield platform
            assert await platform.stop() == 0


def client(platform: RunningPlatform, holder: Holder | None, folder: Path) -> httpx.AsyncClient:
    trust = platform.trust()
    if holder is not None:
        holder.present(trust, folder)
    return httpx.AsyncClient(base_url=platform.serving["mtls_url"], verify=trust, timeout=20)


async def test_it_is_an_origin_of_its_own_that_the_endpoint_file_names(
    platform: RunningPlatform,
) -> None:
    assert platform.serving["mtls_url"] not in {platform.url, platform.serving["vault_url"]}
    assert endpoint.read(platform.data_dir).mtls_url == platform.serving["mtls_url"]


@pytest.mark.parametrize(
    "holder",
    [None, self_signed(), self_signed(days=(-20, -10))],
    ids=["none", "self-signed", "expired"],
)
async def test_it_serves_the_same_application_whatever_certificate_is_presented(
    platform: RunningPlatform, holder: Holder | None, tmp_path: Path
) -> None:
    async with client(platform, holder, tmp_path) as at_mtls:
        assert (await at_mtls.get(LIVE)).status_code == 200
        # A certificate alone is no key to the API.
        assert (await at_mtls.get("/v1/books")).status_code == 401
        authorized = await at_mtls.get(
            "/v1/books", headers={"authorization": f"Bearer {platform.key}"}
        )
        assert authorized.status_code == 200


async def test_a_certificate_in_a_header_is_refused_on_every_listener(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    holder = self_signed()
    forged = {"client-cert": f":{b64encode(holder.der).decode()}:"}
    async with client(platform, holder, tmp_path) as at_mtls, platform.client() as at_api:
        for each in (at_mtls, at_api):
            assert (await each.get(LIVE)).status_code == 200
            refused = await each.get(LIVE, headers=forged)
            assert refused.status_code == 400
            assert refused.json()["code"] == "FORWARDED_CERTIFICATE_REFUSED"


def registered(holder: Holder) -> dict[str, Any]:
    """A certificate's key, as a client registers both."""
    key = {**ECKey.import_key(holder.key.public_key()).as_dict(private=False)}
    return {**key, "alg": "ES256", "x5c": [b64encode(holder.der).decode()]}


async def test_a_client_gets_a_token_by_its_registered_certificate_and_by_no_other(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    own, other, expired = self_signed(), self_signed(), self_signed(days=(-20, -10))
    new = {
        "name": "Service",
        "authentication": "self_signed_tls_client_auth",
        "binding": "mtls",
        "grant_types": ["client_credentials"],
        "scopes": ["books:read"],
        "jwks": {"keys": [registered(own), registered(expired)]},
    }
    async with platform.client() as at_api:
        created = await at_api.post(
            "/v1/oauth-clients", json=new, headers={"idempotency-key": "service"}
        )
        assert created.status_code == 201, created.text
    form = {"grant_type": "client_credentials", "client_id": created.json()["id"]}

    async def ask(holder: Holder | None) -> dict[str, Any]:
        async with client(platform, holder, tmp_path) as at_mtls:
            answer = await at_mtls.post(f"/id/{SANDBOX}/token", data=form)
        told: dict[str, Any] = answer.json()
        return told

    told = await ask(own)
    claims = json.loads(urlsafe_b64decode(told["access_token"].split(".")[1] + "=="))
    assert claims["cnf"] == {"x5t#S256": PresentedCertificate(own.der).thumbprint}
    for holder, why in (
        (expired, "CERTIFICATE_EXPIRED"),
        (other, "CERTIFICATE_UNREGISTERED"),
        (None, "its certificate"),
    ):
        refused = await ask(holder)
        assert refused["error"] == "invalid_client"
        assert why in refused["error_description"]
