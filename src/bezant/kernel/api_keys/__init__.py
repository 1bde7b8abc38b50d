"""API keys: credentials of servers. Hashed, scoped, expiring, rotating."""

from bezant.kernel.api_keys.api import UsableScopes, operations
from bezant.kernel.api_keys.authenticator import ApiKeyAuthenticator
from bezant.kernel.api_keys.choosing import KeysOrTokens
from bezant.kernel.api_keys.schemas import ApiKey, ApiKeys, IssuedApiKey, NewApiKey, Rotation, Scope
from bezant.kernel.api_keys.service import ApiKeyService

__all__ = [
    "ApiKey",
    "ApiKeyAuthenticator",
    "ApiKeyService",
    "ApiKeys",
    "IssuedApiKey",
    "KeysOrTokens",
    "NewApiKey",
    "Rotation",
    "Scope",
    "UsableScopes",
    "operations",
]
