"""Why a request about webhooks is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class WebhookEndpointNotFound(NotFound):
    """No such endpoint, deleted, or another tenant's."""

    code, title = "WEBHOOK_ENDPOINT_NOT_FOUND", "No such webhook endpoint"


class WebhookDeliveryNotFound(NotFound):
    """The endpoint has no such delivery, or its log no longer holds it."""

    code, title = "WEBHOOK_DELIVERY_NOT_FOUND", "No such webhook delivery"


class WebhookDeliveryPending(Conflict):
    """The delivery is still being tried: there is nothing to repeat."""

    code, title = "WEBHOOK_DELIVERY_PENDING", "The delivery is still being tried"


class WebhookEndpointDisabled(Conflict):
    """A disabled endpoint gets no messages: enable it first."""

    code, title = "WEBHOOK_ENDPOINT_DISABLED", "The webhook endpoint is disabled"


class TooManyWebhookEndpoints(Conflict):
    """The tenant has as many endpoints as it may."""

    code, title = "TOO_MANY_WEBHOOK_ENDPOINTS", "No more webhook endpoints"


class TooManyWebhookKeys(Conflict):
    """Too many rotations overlap. Wait for one to end, or rotate with `overlap_s` 0."""

    code, title = "TOO_MANY_WEBHOOK_KEYS", "Too many rotations overlap"


class TooManyWebhooksPending(Conflict):
    """As much waits for the endpoint as may."""

    code, title = "TOO_MANY_WEBHOOKS_PENDING", "Too much waits for the webhook endpoint"


class WebhookUrlRefused(Refusal):
    """The URL is not one that messages are sent to: https, a public host, a usual port."""

    status, code, title = 422, "WEBHOOK_URL_REFUSED", "The webhook URL is refused"


class WebhookBookUnknown(Refusal):
    """The filter names a book that the tenant does not have."""

    status, code, title = 422, "WEBHOOK_BOOK_UNKNOWN", "The filter names an unknown book"


class WebhookStreamUnknown(Refusal):
    """The tenant has no such stream, or the endpoint's filter leaves it out."""

    status, code, title = 422, "WEBHOOK_STREAM_UNKNOWN", "No such stream of events"


class ReplayAhead(Refusal):
    """A replay begins where the endpoint has been already; it skips nothing."""

    status, code, title = 422, "REPLAY_AHEAD", "The replay would skip events"
