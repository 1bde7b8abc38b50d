"""The HTTP face: declared operations, strict bodies, problem answers, one OpenAPI document."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bezant.kernel.http.answers import PROBLEM, headers_of, send_refusal
from bezant.kernel.http.authorization import (
    Action,
    Admitted,
    Authenticator,
    Authorizer,
    Context,
    Decision,
    Guard,
    Resource,
    ScopeAuthorizer,
    needs_scope,
)
from bezant.kernel.http.bodies import BodyDecoder, malformed, read_body
from bezant.kernel.http.card_numbers import IS_NUMBER, IS_PHONE, CardNumberMisplaced
from bezant.kernel.http.challenges import ChallengeHeader, challenge
from bezant.kernel.http.credentials import BEARER, DPOP, SIGNATURE_INPUT, Credentials
from bezant.kernel.http.documents import Document, DocumentOperation
from bezant.kernel.http.errors import (
    ContentDigestMismatch,
    MethodNotAllowed,
    Problem,
    SignatureNotValid,
)
from bezant.kernel.http.exchange import Exchange, Observer, exchange_of
from bezant.kernel.http.headers import Headers
from bezant.kernel.http.limits import RateLimited, RateLimits, TokenBuckets
from bezant.kernel.http.openapi import refusals_of, summary_of
from bezant.kernel.http.operations import (
    Nothing,
    Operation,
    Reading,
    ReadOperation,
    StreamOperation,
    WriteOperation,
    Writing,
    fingerprint_of,
)
from bezant.kernel.http.streams import EventSource, ServerEvent, Streams, TooManyStreams
from bezant.kernel.http.uploads import Uploading, UploadOperation

if TYPE_CHECKING:
    from bezant.kernel.http.app import install
    from bezant.kernel.http.people import add_people

__all__ = [
    "BEARER",
    "DPOP",
    "IS_NUMBER",
    "IS_PHONE",
    "PROBLEM",
    "SIGNATURE_INPUT",
    "Action",
    "Admitted",
    "Authenticator",
    "Authorizer",
    "BodyDecoder",
    "CardNumberMisplaced",
    "ChallengeHeader",
    "ContentDigestMismatch",
    "Context",
    "Credentials",
    "Decision",
    "Document",
    "DocumentOperation",
    "EventSource",
    "Exchange",
    "Guard",
    "Headers",
    "MethodNotAllowed",
    "Nothing",
    "Observer",
    "Operation",
    "Problem",
    "RateLimited",
    "RateLimits",
    "ReadOperation",
    "Reading",
    "Resource",
    "ScopeAuthorizer",
    "ServerEvent",
    "SignatureNotValid",
    "StreamOperation",
    "Streams",
    "TokenBuckets",
    "TooManyStreams",
    "UploadOperation",
    "Uploading",
    "WriteOperation",
    "Writing",
    "add_people",
    "challenge",
    "exchange_of",
    "fingerprint_of",
    "headers_of",
    "install",
    "malformed",
    "needs_scope",
    "read_body",
    "refusals_of",
    "send_refusal",
    "summary_of",
]


_OF_SERVERS = {"add_people": "bezant.kernel.http.people", "install": "bezant.kernel.http.app"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - as PEP 562 has it
    """These bring FastAPI, half a second of each command's start: for who serves alone."""
    if name not in _OF_SERVERS:
        raise AttributeError(name)
    return getattr(import_module(_OF_SERVERS[name]), name)
