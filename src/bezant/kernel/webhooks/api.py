"""The routes of webhook endpoints."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.kernel.webhooks.deliveries import DeliveryService
from bezant.kernel.webhooks.errors import (
    ReplayAhead,
    TooManyWebhookEndpoints,
    TooManyWebhookKeys,
    TooManyWebhooksPending,
    WebhookBookUnknown,
    WebhookDeliveryNotFound,
    WebhookDeliveryPending,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
    WebhookStreamUnknown,
    WebhookUrlRefused,
)
from bezant.kernel.webhooks.schemas import (
    DeliveriesPage,
    IssuedWebhookKey,
    NewWebhookEndpoint,
    WebhookDeliveries,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEndpointChange,
    WebhookEndpoints,
    WebhookReplay,
    WebhookReplayed,
    WebhookRotation,
)
from bezant.kernel.webhooks.service import WebhookService

READ: Final = "webhooks:read"
WRITE: Final = "webhooks:write"

_TAG: Final = "webhooks"
_ENDPOINTS: Final = "/v1/webhook-endpoints"
_ENDPOINT: Final = f"{_ENDPOINTS}/{{endpoint}}"


class EndpointPath(Struct, frozen=True):
    """A webhook endpoint."""

    endpoint: UUID


class DeliveryPath(Struct, frozen=True):
    """A delivery to a webhook endpoint."""

    endpoint: UUID
    delivery: UUID


class Routes:
    """The handlers."""

    def __init__(self, endpoints: WebhookService, deliveries: DeliveryService) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries

    async def create(self, asked: Writing[Nothing, NewWebhookEndpoint]) -> Answer:
        """`POST /v1/webhook-endpoints`."""
        return await self._endpoints.create(asked.call, asked.body)

    async def page(self, asked: Reading[Nothing, Page]) -> WebhookEndpoints:
        """`GET /v1/webhook-endpoints`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _ENDPOINTS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._endpoints.page(tenant_id, after=after, limit=limit),
        )

    async def get(self, asked: Reading[EndpointPath, Nothing]) -> WebhookEndpoint:
        """`GET /v1/webhook-endpoints/{endpoint}`."""
        return await self._endpoints.get(asked.principal.tenant_id, asked.path.endpoint)

    async def change(self, asked: Writing[EndpointPath, WebhookEndpointChange]) -> Answer:
        """`PATCH /v1/webhook-endpoints/{endpoint}`."""
        return await self._endpoints.change(asked.call, asked.path.endpoint, asked.body)

    async def rotate(self, asked: Writing[EndpointPath, WebhookRotation]) -> Answer:
        """`POST /v1/webhook-endpoints/{endpoint}/rotate`."""
        return await self._endpoints.rotate(asked.call, asked.path.endpoint, asked.body)

    async def ping(self, asked: Writing[EndpointPath, Nothing]) -> Answer:
        """`POST /v1/webhook-endpoints/{endpoint}/ping`."""
        return await self._deliveries.ping(asked.call, asked.path.endpoint)

    async def replay_from(self, asked: Writing[EndpointPath, WebhookReplay]) -> Answer:
        """`POST /v1/webhook-endpoints/{endpoint}/replay`."""
        return await self._deliveries.replay_from(asked.call, asked.path.endpoint, asked.body)

    async def deliveries(self, asked: Reading[EndpointPath, DeliveriesPage]) -> WebhookDeliveries:
        """`GET /v1/webhook-endpoints/{endpoint}/deliveries`."""
        tenant_id, endpoint_id = asked.principal.tenant_id, asked.path.endpoint
        return await turn_page(
            asked.resource,
            asked.query,
            UUID_POSITION,
            lambda before, limit: self._deliveries.page(
                tenant_id, endpoint_id, status=asked.query.status, before=before, limit=limit
            ),
        )

    async def replay(self, asked: Writing[DeliveryPath, Nothing]) -> Answer:
        """`POST /v1/webhook-endpoints/{endpoint}/deliveries/{delivery}/replay`."""
        return await self._deliveries.replay(asked.call, asked.path.endpoint, asked.path.delivery)


def operations(endpoints: WebhookService, deliveries: DeliveryService) -> Sequence[Operation]:
    """The operations on webhook endpoints."""
    routes = Routes(endpoints, deliveries)
    return [
        *_endpoint_operations(routes),
        *_change_operations(routes),
        *_message_operations(routes),
        *_log_operations(routes),
    ]


def _endpoint_operations(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_webhook_endpoint",
            path=_ENDPOINTS,
            tag=_TAG,
            summary="Make a webhook endpoint",
            description=(
                "It is told of what happens from now on. The secret is in this answer only; a"
                " replay of the request has null."
            ),
            scope=WRITE,
            action="webhook_endpoint.create",
            body_type=NewWebhookEndpoint,
            example={"url": "https://hooks.example.com/bezant", "event_types": ["transaction.*"]},
            status=201,
            answer_type=IssuedWebhookKey,
            refusals=(TooManyWebhookEndpoints, WebhookBookUnknown, WebhookUrlRefused),
            handler=routes.create,
        ),
        ReadOperation(
            id="list_webhook_endpoints",
            path=_ENDPOINTS,
            tag=_TAG,
            summary="Your webhook endpoints, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=WebhookEndpoints,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_webhook_endpoint",
            path=_ENDPOINT,
            tag=_TAG,
            summary="A webhook endpoint",
            scope=READ,
            path_type=EndpointPath,
            answer_type=WebhookEndpoint,
            refusals=(WebhookEndpointNotFound,),
            handler=routes.get,
        ),
    ]


def _change_operations(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="change_webhook_endpoint",
            path=_ENDPOINT,
            tag=_TAG,
            summary="Change, disable, enable or delete a webhook endpoint",
            description=(
                "A disabled one keeps its place in every stream, and goes on from there. What is"
                " deleted is gone, with its keys and its log."
            ),
            scope=WRITE,
            action="webhook_endpoint.change",
            method="PATCH",
            path_type=EndpointPath,
            body_type=WebhookEndpointChange,
            example={"status": "disabled"},
            answer_type=WebhookEndpoint,
            refusals=(WebhookEndpointNotFound, WebhookBookUnknown, WebhookUrlRefused),
            handler=routes.change,
        ),
        WriteOperation(
            id="rotate_webhook_key",
            path=f"{_ENDPOINT}/rotate",
            tag=_TAG,
            summary="Make a new signing key, with an overlap",
            description="For `overlap_s` seconds messages carry the signatures of old keys too.",
            scope=WRITE,
            action="webhook_key.rotate",
            path_type=EndpointPath,
            body_type=WebhookRotation,
            example={"overlap_s": 86400},
            status=201,
            answer_type=IssuedWebhookKey,
            refusals=(WebhookEndpointNotFound, TooManyWebhookKeys),
            handler=routes.rotate,
        ),
    ]


def _message_operations(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="ping_webhook_endpoint",
            path=f"{_ENDPOINT}/ping",
            tag=_TAG,
            summary="Send a test message",
            scope=WRITE,
            action="webhook_endpoint.ping",
            path_type=EndpointPath,
            body_type=Nothing,
            example={},
            status=201,
            answer_type=WebhookDelivery,
            refusals=(WebhookEndpointNotFound, WebhookEndpointDisabled, TooManyWebhooksPending),
            handler=routes.ping,
        ),
        WriteOperation(
            id="replay_webhooks",
            path=f"{_ENDPOINT}/replay",
            tag=_TAG,
            summary="Send everything after a place again, in order",
            description="With the same identifiers, by which a receiver recognizes repeats.",
            scope=WRITE,
            action="webhook_endpoint.replay",
            path_type=EndpointPath,
            body_type=WebhookReplay,
            example={"stream": "book:01938f5c-7d1e-7c3a-9b1a-2f60c2c6a001", "after": 41},
            answer_type=WebhookReplayed,
            refusals=(WebhookEndpointNotFound, WebhookStreamUnknown, ReplayAhead),
            handler=routes.replay_from,
        ),
    ]


def _log_operations(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_webhook_deliveries",
            path=f"{_ENDPOINT}/deliveries",
            tag=_TAG,
            summary="What was sent to an endpoint, newest first",
            description="The last 10,000, for 30 days.",
            scope=READ,
            path_type=EndpointPath,
            query_type=DeliveriesPage,
            answer_type=WebhookDeliveries,
            refusals=(WebhookEndpointNotFound, InvalidCursor),
            handler=routes.deliveries,
        ),
        WriteOperation(
            id="replay_webhook_delivery",
            path=f"{_ENDPOINT}/deliveries/{{delivery}}/replay",
            tag=_TAG,
            summary="Send a message again",
            description="With the same identifier; outside of the order of the others.",
            scope=WRITE,
            action="webhook_delivery.replay",
            path_type=DeliveryPath,
            body_type=Nothing,
            example={},
            status=201,
            answer_type=WebhookDelivery,
            refusals=(
                WebhookEndpointNotFound,
                WebhookDeliveryNotFound,
                WebhookDeliveryPending,
                WebhookEndpointDisabled,
                TooManyWebhooksPending,
            ),
            handler=routes.replay,
        ),
    ]
