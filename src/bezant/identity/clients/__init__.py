"""Clients: registered applications and how they authenticate."""

from bezant.identity.clients.api import operations as client_operations
from bezant.identity.clients.authentication import AuthenticatedClient, ClientAuthenticator
from bezant.identity.clients.certificates import ClientCertificates
from bezant.identity.clients.domain import Authentication, Binding, Client, Profile
from bezant.identity.clients.keys import ClientKeys
from bezant.identity.clients.ports import CertificateJudge, CertificateRefused
from bezant.identity.clients.reading import Clients
from bezant.identity.clients.rules import DEVICE_GRANT
from bezant.identity.clients.service import ClientService

__all__ = [
    "DEVICE_GRANT",
    "AuthenticatedClient",
    "Authentication",
    "Binding",
    "CertificateJudge",
    "CertificateRefused",
    "Client",
    "ClientAuthenticator",
    "ClientCertificates",
    "ClientKeys",
    "ClientService",
    "Clients",
    "Profile",
    "client_operations",
]
