"""Where the clearing system calls us: `POST /sepa/{rail}/{bic}`, one message each.

A protocol endpoint: its bodies are the standard's XML, what must happen once happens once by the
names of payments, and whoever calls is known by the secret of the line.
"""

import hmac
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, Protocol

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bezant.formats.iso20022 import InvalidMessage
from bezant.kernel.calls import RefusedAnswer
from bezant.kernel.errors import Refusal
from bezant.payments.rails.sepa.link import XML
from bezant.payments.rails.sepa.listener import NotThereYet
from bezant.payments.rails.sepa.participants import Participant, Participants

PATH: Final = "/sepa/{rail}/{bic}"
_BYTES_MAX: Final = 1 << 20

log = structlog.get_logger("bezant.payments")


class Listener(Protocol):
    """Takes the messages of a scheme."""

    async def take(self, participant: Participant, rail: str, message: bytes) -> bytes:
        """Take one; the answer to it, empty where none is due.

        Raises:
            InvalidMessage: it is none that is taken.
            NotThereYet: it has to come again.
        """
        ...


def csm_routes(
    listeners: Mapping[str, Listener], participants: Participants, secret: str
) -> Sequence[Route]:
    """The routes of the listeners.

    Args:
        listeners: by the name of the rail, who takes its messages.
        participants: for whom they are taken.
        secret: that the clearing system shows as a bearer token.
    """
    expected = f"Bearer {secret}".encode()

    async def take(request: Request) -> Response:
        shown = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(shown, expected):
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        participant = participants.named(request.path_params["bic"])
        listener = listeners.get(request.path_params["rail"])
        if participant is None or listener is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return await _taken(listener, participant, request)

    return [Route(PATH, take, methods=["POST"], include_in_schema=False)]


async def _taken(listener: Listener, participant: Participant, request: Request) -> Response:
    rail = request.path_params["rail"]
    if (message := await _read(request)) is None:
        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        answer = await listener.take(participant, rail, message)
    except InvalidMessage as invalid:
        # Its words name the element, and nothing that it says.
        return Response(str(invalid), HTTPStatus.BAD_REQUEST, media_type="text/plain")
    except NotThereYet:
        return Response(status_code=HTTPStatus.CONFLICT)
    except Refusal as refusal:
        log.warning("csm_message_refused", rail=rail, code=refusal.code)
        return Response(status_code=refusal.status)
    except RefusedAnswer as refused:
        log.warning("csm_message_refused", rail=rail, code=refused.code)
        return Response(status_code=refused.answer.status)
    return Response(answer, media_type=XML)


async def _read(request: Request) -> bytes | None:
    """The body; None where it is too large."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _BYTES_MAX:
            return None
    return bytes(body)
