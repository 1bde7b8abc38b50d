"""Webhooks out: Standard Webhooks to checked addresses, from streams of events, at least once."""

from bezant.kernel.webhooks.api import operations
from bezant.kernel.webhooks.claims import Means
from bezant.kernel.webhooks.deliveries import DeliveryService
from bezant.kernel.webhooks.dispatcher import Dispatcher, Serving
from bezant.kernel.webhooks.network import CheckedNetwork, Resolver, SystemResolver
from bezant.kernel.webhooks.schemas import (
    IssuedWebhookKey,
    NewWebhookEndpoint,
    WebhookDelivery,
    WebhookEndpoint,
)
from bezant.kernel.webhooks.sending import Sender
from bezant.kernel.webhooks.service import WebhookService
from bezant.kernel.webhooks.sources import Event, EventSource, Head, Sources, Stretch

__all__ = [
    "CheckedNetwork",
    "DeliveryService",
    "Dispatcher",
    "Event",
    "EventSource",
    "Head",
    "IssuedWebhookKey",
    "Means",
    "NewWebhookEndpoint",
    "Resolver",
    "Sender",
    "Serving",
    "Sources",
    "Stretch",
    "SystemResolver",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookService",
    "operations",
]
