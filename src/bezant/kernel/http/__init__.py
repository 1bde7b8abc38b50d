"""The HTTP face: declared operations, strict bodies, problem answers, one OpenAPI document."""

from bezant.kernel.http.app import install
from bezant.kernel.http.bodies import malformed
from bezant.kernel.http.documents import Document, DocumentOperation
from bezant.kernel.http.errors import Problem
from bezant.kernel.http.exchange import Exchange, Observer
from bezant.kernel.http.limits import RateLimited, RateLimits, TokenBuckets
from bezant.kernel.http.openapi import refusals_of, summary_of
from bezant.kernel.http.operations import (
    Authenticator,
    Nothing,
    Operation,
    Reading,
    ReadOperation,
    StreamOperation,
    WriteOperation,
    Writing,
    authorize,
)
from bezant.kernel.http.streams import EventSource, ServerEvent, Streams, TooManyStreams
from bezant.kernel.http.uploads import Uploading, UploadOperation

__all__ = [
    "Authenticator",
    "Document",
    "DocumentOperation",
    "EventSource",
    "Exchange",
    "Nothing",
    "Observer",
    "Operation",
    "Problem",
    "RateLimited",
    "RateLimits",
    "ReadOperation",
    "Reading",
    "ServerEvent",
    "StreamOperation",
    "Streams",
    "TokenBuckets",
    "TooManyStreams",
    "UploadOperation",
    "Uploading",
    "WriteOperation",
    "Writing",
    "authorize",
    "install",
    "malformed",
    "refusals_of",
    "summary_of",
]
