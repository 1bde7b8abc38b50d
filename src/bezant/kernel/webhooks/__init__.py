"""Webhooks out: Standard Webhooks to checked addresses, from streams of events, at least once."""

from bezant.kernel.webhooks.api import operations
from bezant.kernel.webhooks.claims import Means
from bezant.kernel.webhooks.deliveries import DeliveryService
from bezant.kernel.webhooks.dispatcher import Dispatcher, Serving
from bezant.kernel.webhooks.schemas import (
    IssuedWebhookKey,
    NewWebhookEndpoint,
    WebhookDelivery,
    WebhookEndpoint,
)
from bezant.kernel.webhooks.sending import Sender, SendFailed
from bezant.kernel.webhooks.service import WebhookService
from bezant.kernel.webhooks.sources import Event, EventSource, Head, Sources, Stretch

__all__ = [
    "DeliveryService",
    "Dispatcher",
    "Event",
    "EventSource",
    "Head",
    "IssuedWebhookKey",
    "Means",
    "NewWebhookEndpoint",
    "SendFailed",
    "Sender",
    "Serving",
    "Sources",
    "Stretch",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookService",
    "operations",
]
