"""Metadata (RFC 8414; OpenID Connect Discovery 1.0), made of the parts that are installed.

Nothing is announced that no part serves: a member comes from an endpoint that is there, or from the
part that acts on it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bezant.identity.http import ProtocolAnswer, ProtocolEndpoint, ProtocolRequest
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.jose import ALGORITHMS
from bezant.identity.parts import Part
from bezant.identity.signing import SigningKeys

_MEMBERS: Final[Mapping[Endpoint, str]] = {
    Endpoint.AUTHORIZATION: "authorization_endpoint",
    Endpoint.PUSHED_REQUEST: "pushed_authorization_request_endpoint",
    Endpoint.TOKEN: "token_endpoint",
    Endpoint.INTROSPECTION: "introspection_endpoint",
    Endpoint.REVOCATION: "revocation_endpoint",
    Endpoint.USERINFO: "userinfo_endpoint",
    Endpoint.JWKS: "jwks_uri",
    Endpoint.REGISTRATION: "registration_endpoint",
    Endpoint.DEVICE_AUTHORIZATION: "device_authorization_endpoint",
    Endpoint.BACKCHANNEL: "backchannel_authentication_endpoint",
    Endpoint.GRANTS: "grant_management_endpoint",
    Endpoint.END_SESSION: "end_session_endpoint",
}

# Browsers come to these, and are never asked for a certificate; and nobody authenticates for keys.
_WITHOUT_ALIAS: Final = (Endpoint.AUTHORIZATION, Endpoint.END_SESSION, Endpoint.JWKS)

_AUTHENTICATED: Final = (Endpoint.TOKEN, Endpoint.INTROSPECTION, Endpoint.REVOCATION)

_MINUTES: Final = (b"cache-control", b"public, max-age=300")


class Discovery:
    """Publishes metadata and keys.

    Args:
        keys: the issuers'.
        methods: how clients may authenticate.
        parts: whatever else is installed.
    """

    def __init__(self, keys: SigningKeys, methods: Sequence[str], parts: Sequence[Part]) -> None:
        self._keys = keys
        self._methods = list(methods)
        self._parts = parts
        self._serving = self._endpoints()
        served = [*self._serving, *(each for part in parts for each in part.endpoints)]
        self._served = {each.endpoint for each in served if each.endpoint is not None}

    def part(self) -> Part:
        """Its own endpoints."""
        return Part(self._serving)

    def metadata(self, issuer: Issuer) -> dict[str, Any]:
        """What an issuer announces."""
        there = [endpoint for endpoint in _MEMBERS if endpoint in self._served]
        members: dict[str, Any] = {
            "issuer": issuer.url,
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "dpop_signing_alg_values_supported": list(ALGORITHMS),
            **{_MEMBERS[endpoint]: issuer.at(endpoint) for endpoint in there},
        }
        for endpoint in _AUTHENTICATED:
            if endpoint in self._served:
                name = f"{endpoint.name.lower()}_endpoint_auth"
                members[f"{name}_methods_supported"] = self._methods
                members[f"{name}_signing_alg_values_supported"] = list(ALGORITHMS)
        if issuer.mtls_origin is not None:
            members["tls_client_certificate_bound_access_tokens"] = True
            members["mtls_endpoint_aliases"] = {
                _MEMBERS[endpoint]: issuer.at_mtls(endpoint)
                for endpoint in there
                if endpoint not in _WITHOUT_ALIAS
            }
        for part in self._parts:
            members.update(part.metadata)
        return members

    def _endpoints(self) -> list[ProtocolEndpoint]:
        return [
            ProtocolEndpoint(
                id="read_authorization_server_metadata",
                method="GET",
                # RFC 8414, section 3.1: the well-known part comes before the issuer's path.
                path="/.well-known/oauth-authorization-server/id/{tenant}",
                summary="Authorization server metadata (RFC 8414)",
                handler=self._read,
            ),
            ProtocolEndpoint(
                id="read_openid_configuration",
                method="GET",
                path="/id/{tenant}/.well-known/openid-configuration",
                summary="OpenID provider metadata (OpenID Connect Discovery)",
                handler=self._read,
            ),
            ProtocolEndpoint(
                id="read_jwks",
                method="GET",
                endpoint=Endpoint.JWKS,
                summary="The issuer's public keys (RFC 7517)",
                handler=self._read_keys,
            ),
        ]

    async def _read(self, request: ProtocolRequest) -> ProtocolAnswer:
        return ProtocolAnswer.json(200, self.metadata(request.issuer), [_MINUTES])

    async def _read_keys(self, request: ProtocolRequest) -> ProtocolAnswer:
        keys = await self._keys.jwks(request.issuer.tenant_id)
        return ProtocolAnswer.json(200, keys, [_MINUTES])
