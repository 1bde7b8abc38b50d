"""Protocol endpoints: what OAuth and OpenID clients, and browsers, speak with an issuer."""

from bezant.identity.http.answers import ProtocolAnswer
from bezant.identity.http.endpoints import ProtocolEndpoint, add_protocol, protocol_routes
from bezant.identity.http.errors import OAuthError
from bezant.identity.http.forms import Form
from bezant.identity.http.requests import Body, ProtocolRequest

__all__ = [
    "Body",
    "Form",
    "OAuthError",
    "ProtocolAnswer",
    "ProtocolEndpoint",
    "ProtocolRequest",
    "add_protocol",
    "protocol_routes",
]
