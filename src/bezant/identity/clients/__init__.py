"""Clients: registered applications and how they authenticate."""

from bezant.identity.clients.api import operations as client_operations
from bezant.identity.clients.authentication import AuthenticatedClient, ClientAuthenticator
from bezant.identity.clients.certificates import ClientCertificates
from bezant.identity.clients.domain import (
    CIBA,
    Authentication,
    Backchannel,
    Binding,
    Client,
    Delivery,
    Profile,
)
from bezant.identity.clients.keys import ClientKeys
from bezant.identity.clients.ports import CertificateJudge, CertificateRefused
from bezant.identity.clients.reading import Clients
from bezant.identity.clients.service import ClientService

__all__ = [
    "CIBA",
    "AuthenticatedClient",
    "Authentication",
    "Backchannel",
    "Binding",
    "CertificateJudge",
    "CertificateRefused",
    "Client",
    "ClientAuthenticator",
    "ClientCertificates",
    "ClientKeys",
    "ClientService",
    "Clients",
    "Delivery",
    "Profile",
    "client_operations",
]
