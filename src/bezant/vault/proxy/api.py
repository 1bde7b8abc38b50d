"""The routes of the proxy, on the vault's own listener."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.vault.proxy import errors, schemas
from bezant.vault.proxy.service import ProxyService
from bezant.vault.tokens import OF_REVEALS

DESTINATIONS: Final = "vault:destinations"
FORWARD: Final = "vault:forward"

_TAG: Final = "forwarding"
_PATH: Final = "/v1/vault/destinations"


class DestinationPath(Struct, frozen=True):
    """A destination."""

    destination: UUID


class Routes:
    """The handlers."""

    def __init__(self, proxy: ProxyService) -> None:
        self._proxy = proxy

    async def add(self, asked: Writing[Nothing, schemas.NewDestination]) -> Answer:
        """`POST /v1/vault/destinations`."""
        return await self._proxy.destinations.add(asked.call, asked.body)

    async def list(self, asked: Reading[Nothing, Nothing]) -> schemas.Destinations:
        """`GET /v1/vault/destinations`."""
        return await self._proxy.destinations.list(asked.principal.tenant_id)

    async def remove(self, asked: Writing[DestinationPath, Nothing]) -> Answer:
        """`POST /v1/vault/destinations/{destination}/remove`."""
        return await self._proxy.destinations.remove(asked.call, asked.path.destination)

    async def forward(self, asked: Writing[Nothing, schemas.NewForward]) -> Answer:
        """`POST /v1/vault/forward`."""
        return await self._proxy.forward(asked.call, asked.body)


def operations(proxy: ProxyService) -> Sequence[Operation]:
    """The operations of the proxy."""
    routes = Routes(proxy)
    return [
        WriteOperation(
            id="add_destination",
            path=_PATH,
            tag=_TAG,
            summary="Allow requests to a host and to paths below one",
            scope=DESTINATIONS,
            action="destination.add",
            body_type=schemas.NewDestination,
            example={"url": "https://api.provider.example/v1/payments"},
            status=201,
            answer_type=schemas.Destination,
            refusals=(errors.DestinationRefused, errors.TooManyDestinations),
            handler=routes.add,
        ),
        ReadOperation(
            id="list_destinations",
            path=_PATH,
            tag=_TAG,
            summary="Where requests may go, oldest first; a hundred at most",
            scope=DESTINATIONS,
            answer_type=schemas.Destinations,
            handler=routes.list,
        ),
        WriteOperation(
            id="remove_destination",
            path=f"{_PATH}/{{destination}}/remove",
            tag=_TAG,
            summary="Allow a destination no longer",
            scope=DESTINATIONS,
            action="destination.remove",
            path_type=DestinationPath,
            body_type=Nothing,
            example={},
            answer_type=schemas.Destination,
            refusals=(errors.DestinationNotFound,),
            handler=routes.remove,
        ),
        _forward(routes),
    ]


def _forward(routes: Routes) -> Operation:
    return WriteOperation(
        id="forward",
        path="/v1/vault/forward",
        tag=_TAG,
        summary="Send a request with values in the place of tokens",
        description=(
            "Over TLS, to a destination on the list, without following redirects. In the answer"
            " the values are tokens again. It is sent once: a repeat is answered with what"
            " came, or learns that nobody knows; only what never left is sent by a repeat."
        ),
        scope=FORWARD,
        action="token.forward",
        body_type=schemas.NewForward,
        body_bytes_max=schemas.TEMPLATE_BYTES_MAX,
        example={
            "url": "https://api.provider.example/v1/payments",
            "body": {"json": {"card": "{{ tok_5oigk4lpozxwy3tun5vgk3q2mfzwiylt }}"}},
            "purpose": "payment",
        },
        answer_type=schemas.Forwarded,
        refusals=(
            *OF_REVEALS,
            errors.DestinationRefused,
            errors.DestinationNotAllowed,
            errors.DestinationUnreachable,
            errors.TemplateRefused,
            errors.CvcGone,
            errors.ForwardUnknown,
            errors.ForwardInFlight,
        ),
        seconds_max=60.0,
        handler=routes.forward,
    )
