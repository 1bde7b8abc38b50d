"""Wire models of API keys."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.instants import Instant, require_within_calendar

Scope = Literal[
    "approvals:read",
    "approvals:write",
    "banking:blocks",
    "banking:limits",
    "banking:numbers",
    "banking:read",
    "banking:write",
    "contacts:read",
    "contacts:write",
    "events:read",
    "grants:read",
    "grants:write",
    "holders:read",
    "holders:write",
    "identity:clients",
    "identity:registration",
    "jobs:read",
    "jobs:write",
    "keys:write",
    "ledger:close",
    "ledger:read",
    "ledger:write",
    "metrics:read",
    "orders:content",
    "orders:read",
    "orders:write",
    "parties:compliance",
    "parties:read",
    "parties:write",
    "payees:answer",
    "safeguarding:read",
    "safeguarding:write",
    "unapplied:read",
    "unapplied:write",
    "users:read",
    "users:write",
    "vault:destinations",
    "vault:detokenize",
    "vault:forward",
    "vault:holds",
    "vault:keys",
    "vault:read",
    "vault:subjects",
    "vault:tokenize",
    "webhooks:read",
    "webhooks:write",
]

OVERLAP_S_DEFAULT = 24 * 3600
OVERLAP_S_MAX = 30 * 24 * 3600


class NewApiKey(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/api-keys`. Without `expires_at` the key is valid until it is revoked."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="What it is for.")]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(get_args(Scope)))]
    expires_at: Instant | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.expires_at, "expires_at")


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/api-keys/{key}/rotate`. The old key stays valid for `overlap_s` seconds."""

    overlap_s: Annotated[int, Meta(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S_DEFAULT


class ApiKey(Struct, frozen=True):
    """An API key as it is listed, without its secret.

    Attributes:
        last_used_at: exact to about a minute.
        replaced_by: the key that a rotation made of it.
    """

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    replaced_by: UUID | None = None


class IssuedApiKey(Struct, frozen=True):
    """A new key. Its text is shown once and kept nowhere: a replay of the request has None."""

    api_key: ApiKey
    key: str | None


class ApiKeys(Struct, frozen=True):
    """A page of keys, oldest first."""

    api_keys: list[ApiKey]
    next: str | None
