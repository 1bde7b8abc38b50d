"""Clients: registered applications and how they authenticate."""

from bezant.identity.clients.api import operations as client_operations
from bezant.identity.clients.assertions import check_claims
from bezant.identity.clients.authentication import AuthenticatedClient, ClientAuthenticator
from bezant.identity.clients.certificates import ClientCertificates
from bezant.identity.clients.domain import (
    CIBA,
    DEVICE_GRANT,
    TOKEN_EXCHANGE,
    Authentication,
    Backchannel,
    Binding,
    Client,
    Delivery,
    Profile,
)
from bezant.identity.clients.errors import (
    ClientGrantTooWide,
    InvalidClientMetadata,
    InvalidRedirectUri,
)
from bezant.identity.clients.keys import ClientKeys
from bezant.identity.clients.ports import CertificateJudge, CertificateRefused
from bezant.identity.clients.reading import Clients
from bezant.identity.clients.rules import check_client, check_keys, check_scopes
from bezant.identity.clients.schemas import (
    ClientKeysChange,
    GrantType,
    NewOAuthClient,
    ScopeToken,
    TlsSubject,
    Uri,
)
from bezant.identity.clients.service import (
    ClientService,
    disable_client,
    insert_client,
    replace_client,
)

__all__ = [
    "CIBA",
    "DEVICE_GRANT",
    "TOKEN_EXCHANGE",
    "AuthenticatedClient",
    "Authentication",
    "Backchannel",
    "Binding",
    "CertificateJudge",
    "CertificateRefused",
    "Client",
    "ClientAuthenticator",
    "ClientCertificates",
    "ClientGrantTooWide",
    "ClientKeys",
    "ClientKeysChange",
    "ClientService",
    "Clients",
    "Delivery",
    "GrantType",
    "InvalidClientMetadata",
    "InvalidRedirectUri",
    "NewOAuthClient",
    "Profile",
    "ScopeToken",
    "TlsSubject",
    "Uri",
    "check_claims",
    "check_client",
    "check_keys",
    "check_scopes",
    "client_operations",
    "disable_client",
    "insert_client",
    "replace_client",
]
