"""The independent server: `oidc-provider` in a Node of its own."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
from joserfc.jwk import ECKey
from lxml import html

from conformance.fapi.keys import Certificate, Keys
from conformance.fapi.nodes import NODE, install
from conformance.fapi.peers import (
    IDENTITY_SCOPES,
    SCOPES,
    UK_VARIANTS,
    VARIANTS,
    Authentication,
    Binding,
    Registered,
    Shown,
    Variant,
)

FOLDER = Path(__file__).parent / "oidc_provider"
_METHODS = {
    Authentication.PRIVATE_KEY_JWT: "private_key_jwt",
    Authentication.MTLS: "self_signed_tls_client_auth",
}
_STEPS_MAX = 12


@dataclass
class OidcProvider:
    """The peer."""

    issuer: str
    certificate: Path
    registered: dict[Variant, tuple[Registered, Registered]]

    @property
    def discovery(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def authority(self) -> Path:
        return self.certificate

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def clients(self, variant: Variant) -> tuple[Registered, Registered]:
        return self.registered[variant]

    def intent(self, _client: Registered) -> None:
        return None

    async def decide(self, url: str, *, is_granted: bool, to: str) -> str:
        """Press the buttons of its development pages."""
        async with httpx.AsyncClient(verify=self.trust()) as browser:
            answer = await browser.get(url)
            for _ in range(_STEPS_MAX):
                if answer.is_redirect:
                    location = urljoin(str(answer.url), answer.headers["Location"])
                    if location.startswith(to):
                        return location
                    answer = await browser.get(location)
                    continue
                if answer.is_error:
                    raise Shown(answer.status_code, answer.text)
                page = html.fromstring(answer.text)
                if not is_granted:
                    links = [link.get("href") or "" for link in page.iter("a")]
                    [away] = [link for link in links if "/abort" in link]
                    answer = await browser.get(urljoin(str(answer.url), away))
                    continue
                [form] = page.iter("form")
                inputs = [each for each in form.iter("input") if each.get("name")]
                fields = {each.get("name") or "": each.get("value") or "any" for each in inputs}
                action = urljoin(str(answer.url), form.get("action") or "")
                answer = await browser.post(action, data=fields)
        # It asks for a stronger login for ever, where it has none.
        raise Shown(403, "It asks again and again.")

    async def look(self, url: str) -> None:
        async with httpx.AsyncClient(verify=self.trust(), follow_redirects=True) as browser:
            (await browser.get(url)).raise_for_status()


@asynccontextmanager
async def oidc_provider(folder: Path) -> AsyncIterator[OidcProvider]:
    """The server, which ends with the block."""
    await install(FOLDER)
    registered = {variant: _two(variant, folder) for variant in [*VARIANTS, *UK_VARIANTS]}
    certificate = Certificate.for_server(folder)
    process = await asyncio.create_subprocess_exec(
        NODE, "server.mjs", cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = {
        "certificate": certificate.path.read_text(),
        "key": certificate.key_path.read_text(),
        "clients": [_metadata(client) for two in registered.values() for client in two],
        "signing_key": ECKey.generate_key("P-256", {"kid": "op"}).as_dict(private=True),
    }
    process.stdin.write(json.dumps(told).encode())
    process.stdin.close()
    try:
        line = await process.stdout.readline()
        yield OidcProvider(json.loads(line)["issuer"], certificate.path, registered)
    finally:
        process.terminate()
        await process.wait()


def _two(variant: Variant, folder: Path) -> tuple[Registered, Registered]:
    return _client(variant, folder, 1), _client(variant, folder, 2)


def _client(variant: Variant, folder: Path, number: int) -> Registered:
    name = f"{variant}-{number}"
    keys = Keys(Certificate.made(folder, name))
    host = f"{name.replace('_', '-')}.example"
    uris = (f"https://{host}/callback", f"https://{host}/other?with=query")
    return Registered(name, variant, keys, uris, SCOPES)


def _metadata(client: Registered) -> dict[str, object]:
    """As it is registered (RFC 7591)."""
    is_mtls = client.variant.authentication is Authentication.MTLS
    return {
        "client_id": client.id,
        "token_endpoint_auth_method": _METHODS[client.variant.authentication],
        "jwks": client.keys.jwks_with_certificate() if is_mtls else client.keys.jwks(),
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": " ".join({*SCOPES, *IDENTITY_SCOPES}),
        "id_token_signed_response_alg": "ES256",
        "dpop_bound_access_tokens": client.variant.binding is Binding.DPOP,
        "tls_client_certificate_bound_access_tokens": client.variant.binding is Binding.MTLS,
        "authorization_signed_response_alg": "ES256",
        "require_signed_request_object": client.variant.is_signed,
    }
