"""Wire models of webhooks."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from bezant.kernel.outbound import URL_CHARACTERS_MAX
from bezant.kernel.pagination import Page
from bezant.kernel.webhooks.signing import KeyKind

OVERLAP_S_DEFAULT: Final = 24 * 3600
OVERLAP_S_MAX: Final = 30 * 24 * 3600
STREAM_CHARACTERS_MAX: Final = 100

DisabledReason = Literal["asked", "gone", "failing"]
DeliveryStatus = Literal["pending", "delivered", "failed"]

Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=URL_CHARACTERS_MAX,
        description="https, a public host, port 443 or 8443; no credentials, no fragment.",
        examples=["https://hooks.example.com/bezant"],
    ),
]
Description = Annotated[str, Meta(max_length=200, description="What it is for.")]
EventTypes = Annotated[
    list[
        Annotated[
            str,
            # `\Z`, since Python's `$` also matches before a final newline.
            Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?\Z", max_length=100),
        ]
    ],
    Meta(
        min_length=1,
        max_length=100,
        description="Types, or `transaction.*` for all that begin so; null for every type.",
        examples=[["transaction.*"]],
    ),
]
Books = Annotated[
    list[UUID],
    Meta(
        min_length=1,
        max_length=100,
        description="Only what happens in these books; null for all, and for what is of no book.",
    ),
]


class NewWebhookEndpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/webhook-endpoints`."""

    url: Url
    description: Description = ""
    event_types: EventTypes | None = None
    books: Books | None = None
    signature: KeyKind = "hmac"


class WebhookEndpointChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /v1/webhook-endpoints/{endpoint}`. What is left out stays.

    Attributes:
        status: `enabled` starts again with what waits; `deleted` is for good.
    """

    url: Url | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    event_types: EventTypes | UnsetType | None = UNSET
    books: Books | UnsetType | None = UNSET
    status: Literal["enabled", "disabled", "deleted"] | UnsetType = UNSET


class WebhookRotation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/webhook-endpoints/{endpoint}/rotate`. Old keys sign too for `overlap_s` seconds."""

    overlap_s: Annotated[int, Meta(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S_DEFAULT
    signature: KeyKind = "hmac"


class WebhookReplay(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/webhook-endpoints/{endpoint}/replay`. Sends everything after a place again."""

    stream: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=STREAM_CHARACTERS_MAX,
            description="The `stream` of a message or of a delivery.",
        ),
    ]
    after: Annotated[
        int, Meta(ge=0, le=2**63 - 1, description="The `sequence` to begin after; 0 for the start.")
    ]


class WebhookKey(Struct, frozen=True):
    """A signing key in use, without its secret.

    Attributes:
        public_key: `whpk_…`, for Ed25519.
        expires_at: when it signs no more, after a rotation.
    """

    id: UUID
    signature: KeyKind
    public_key: str | None
    created_at: datetime
    expires_at: datetime | None = None


class WebhookEndpoint(Struct, frozen=True):
    """An endpoint.

    Attributes:
        disabled_reason: `asked`, `gone` (it answered 410) or `failing` (for five days).
        failing_since: since when no message was taken; null when the last one was.
        keys: those that sign, newest last.
    """

    id: UUID
    url: str
    description: str
    event_types: list[str] | None
    books: list[UUID] | None
    status: Literal["enabled", "disabled", "deleted"]
    disabled_reason: DisabledReason | None
    created_at: datetime
    failing_since: datetime | None
    keys: list[WebhookKey]


class IssuedWebhookKey(Struct, frozen=True):
    """An endpoint with a new key.

    Attributes:
        secret: `whsec_…`, shown once: a replay of the request has null. Always null for Ed25519,
            whose receivers verify with `public_key`.
    """

    webhook_endpoint: WebhookEndpoint
    secret: str | None


class WebhookEndpoints(Struct, frozen=True):
    """A page of endpoints, oldest first."""

    webhook_endpoints: list[WebhookEndpoint]
    next: str | None


class WebhookDelivery(Struct, frozen=True):
    """A message to an endpoint.

    Attributes:
        message_id: the `webhook-id` that it is sent with.
        replay_of: the delivery that it repeats.
        attempts: how many there were.
        next_attempt_at: when it is tried next, at the earliest; null when it is not.
        response_status: of the last attempt; null when it got no answer.
        latency_ms: of the last attempt.
        error: why the last attempt failed: `status_500`, `timed_out`, `dns_failed`,
            `address_refused`, `connect_failed`, `tls_failed`, `answer_malformed`, `event_gone`.
    """

    id: UUID
    message_id: str
    stream: str
    sequence: int
    type: str
    object: str
    occurred_at: datetime
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    replay_of: UUID | None = None
    next_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    response_status: int | None = None
    latency_ms: int | None = None
    error: str | None = None


class WebhookDeliveries(Struct, frozen=True):
    """A page of deliveries, newest first."""

    deliveries: list[WebhookDelivery]
    next: str | None


class DeliveriesPage(Page, frozen=True, forbid_unknown_fields=True):
    """The query parameters of the delivery log."""

    status: DeliveryStatus | None = None


class WebhookReplayed(Struct, frozen=True):
    """Where a replay begins."""

    stream: str
    after: int
