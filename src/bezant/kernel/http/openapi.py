"""The OpenAPI 3.1 document, drawn from the operations' declarations."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from bezant.kernel.database import DatabaseUnavailable, TooContended
from bezant.kernel.errors import (
    ApprovalNeeded,
    ApprovalNotUsable,
    Busy,
    Forbidden,
    Malformed,
    NotFound,
    Refusal,
    StepUpNeeded,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from bezant.kernel.http.card_numbers import CardNumberMisplaced
from bezant.kernel.http.documents import DocumentOperation
from bezant.kernel.http.errors import (
    ContentDigestMismatch,
    IdempotencyKeyInvalid,
    IdempotencyKeyRequired,
    Problem,
    RequestTimeout,
    SignatureNotValid,
    UnsupportedMediaType,
)
from bezant.kernel.http.headers import IDEMPOTENCY_KEY_CHARACTERS_MAX, READ_AFTER_PATTERN
from bezant.kernel.http.limits import RateLimited
from bezant.kernel.http.operations import (
    Operation,
    ReadOperation,
    StreamOperation,
    WriteOperation,
)
from bezant.kernel.http.streams import EVENT_STREAM, TooManyStreams
from bezant.kernel.http.uploads import UploadOperation
from bezant.kernel.idempotency import KeyReused

SECURITY_SCHEME: Final = "apiKey"
_REF: Final = "#/components/schemas/{name}"

OF_EVERY_OPERATION: Final = (
    Malformed,
    SignatureNotValid,
    CardNumberMisplaced,
    Unauthenticated,
    StepUpNeeded,
    Forbidden,
    ApprovalNeeded,
    RateLimited,
    Busy,
    Unavailable,
    DatabaseUnavailable,
)
OF_EVERY_WRITE: Final = (
    IdempotencyKeyRequired,
    IdempotencyKeyInvalid,
    KeyReused,
    ContentDigestMismatch,
    TooContended,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
)


def add_operations(base: dict[str, Any], operations: Sequence[Operation]) -> dict[str, Any]:
    """The document `base` (FastAPI's) with the operations' paths and components."""
    kinds = list(dict.fromkeys(kind for each in operations for kind in _kinds(each)))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    schema_of = dict(zip(kinds, schemas, strict=True))
    for operation in operations:
        path = base["paths"].setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation, schema_of)
    known = base.setdefault("components", {})
    known.setdefault("schemas", {}).update(_translated(components))
    known["securitySchemes"] = {
        SECURITY_SCHEME: {"type": "http", "scheme": "bearer", "description": "An API key, `bz_…`."}
    }
    return base


def refusals_of(operation: Operation) -> list[type[Refusal]]:
    """Every refusal that an operation may answer, its own after those of its kind."""
    found: list[type[Refusal]] = [*OF_EVERY_OPERATION]
    if isinstance(operation, WriteOperation | UploadOperation):
        found += OF_EVERY_WRITE
    if operation.takes_approval:
        found.append(ApprovalNotUsable)
    if isinstance(operation, StreamOperation):
        found.append(TooManyStreams)
    if "{" in operation.path:
        found.append(NotFound)
    return list(dict.fromkeys([*found, *operation.refusals]))


def _kinds(operation: Operation) -> Iterable[type[Any]]:
    yield Problem
    yield operation.answer_type
    yield from operation.other_answers.values()
    if isinstance(operation, WriteOperation):
        yield operation.body_type


def _operation(operation: Operation, schema_of: dict[type[Any], Any]) -> dict[str, Any]:
    parameters = _parameters(operation.path_type, "path")
    content: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": [{SECURITY_SCHEME: [operation.scope]}],
        "parameters": parameters,
        "responses": _responses(operation, schema_of),
    }
    if operation.description:
        content["description"] = operation.description
    if isinstance(operation, ReadOperation):
        parameters += _parameters(operation.query_type, "query")
        if operation.is_replicated:
            parameters.append(_READ_AFTER)
        if operation.has_etag:
            parameters.append(_IF_NONE_MATCH)
    if isinstance(operation, StreamOperation):
        parameters.append(_LAST_EVENT_ID)
    if isinstance(operation, WriteOperation):
        parameters.append(_IDEMPOTENCY_KEY)
        body = {"schema": schema_of[operation.body_type], "example": operation.example}
        content["requestBody"] = {"required": True, "content": {"application/json": body}}
    if isinstance(operation, UploadOperation):
        parameters += [*_parameters(operation.query_type, "query"), _IDEMPOTENCY_KEY]
        file = {"schema": {"type": "string", "format": "binary"}}
        content["requestBody"] = {
            "required": True,
            "content": dict.fromkeys(operation.media_types, file),
        }
    return content


_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same key and request again replay the stored answer. Kept for 24 hours.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_CHARACTERS_MAX,
        "pattern": "^[!-~]+$",
    },
}


_READ_AFTER: Final = {
    "name": "Bezant-Read-After",
    "in": "header",
    "required": False,
    "description": (
        "The newest `seq` of the book that you have seen. Any copy of the book that holds it may"
        " answer, so that the answer is no older; without it, the newest copy does."
    ),
    "schema": {"type": "string", "pattern": f"^{READ_AFTER_PATTERN}$"},
}


_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of an earlier answer: 304 without a body if it is still the same.",
    "schema": {"type": "string"},
}


_LAST_EVENT_ID: Final = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The `id` of the last event that you have: the stream goes on after it.",
    "schema": {"type": "string", "pattern": f"^{READ_AFTER_PATTERN}$"},
}

_EVENT_STREAM: Final = {
    "schema": {
        "type": "string",
        "description": "Server-sent events, one for each event of a page, for as long as you read.",
    }
}


def _parameters(kind: type[Any], place: str) -> list[dict[str, Any]]:
    """Parameters out of a flat Struct, which needs no schema component of its own."""
    shape = msgspec.json.schema_components([kind])[1][kind.__name__]
    required = shape.get("required", [])
    return [
        {
            "name": name,
            "in": place,
            "required": place == "path" or name in required,
            "schema": _translated(_without_null(schema)),
        }
        for name, schema in shape.get("properties", {}).items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is absent rather than null."""
    if "anyOf" not in schema:
        return schema
    kept: list[dict[str, Any]] = [each for each in schema["anyOf"] if each != {"type": "null"}]
    assert len(kept) == 1, "a parameter of several types"
    return kept[0]


def _translated(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    r"""The schema with Python's patterns in JSON Schema's dialect.

    The end of the text is `\Z` in Python, whose `$` also matches before a final newline, and `$`
    in JSON Schema (ECMA-262).
    """
    if isinstance(schema, list):
        return [_translated(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    translated = {name: _translated(each) for name, each in schema.items()}
    if isinstance(translated.get("pattern"), str):
        translated["pattern"] = translated["pattern"].replace(r"\Z", "$")
    return translated


def _responses(operation: Operation, schema_of: dict[type[Any], Any]) -> dict[str, Any]:
    headers = _headers(operation)
    answers = {operation.status: operation.answer_type, **operation.other_answers}
    responses: dict[str, Any] = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": headers,
            "content": {"application/json": {"schema": schema_of[answer_type]}},
        }
        for status, answer_type in sorted(answers.items())
    }
    if isinstance(operation, ReadOperation) and operation.has_etag:
        tagged = {**headers, "ETag": _header("What these very bytes are known by.")}
        responses[str(operation.status)]["headers"] = tagged
        responses["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase, "headers": tagged}
    if isinstance(operation, StreamOperation):
        responses[str(operation.status)]["content"][EVENT_STREAM.decode()] = _EVENT_STREAM
    if isinstance(operation, DocumentOperation):
        success = responses[str(operation.status)]
        success["headers"] = headers | {"Content-Disposition": _header("A name for the file.")}
        for media_type, what in operation.media.items():
            success["content"][media_type] = {"schema": {"type": "string", "description": what}}
    refusals = refusals_of(operation)
    for status in sorted({refusal.status for refusal in refusals}):
        responses[str(status)] = _problems(
            [refusal for refusal in refusals if refusal.status == status], headers
        )
    return responses


def _headers(operation: Operation) -> dict[str, Any]:
    """What every answer of an operation may carry."""
    headers = {"X-Request-Id": _header("What the logs know this request by.")}
    if isinstance(operation, WriteOperation | UploadOperation):
        headers["Idempotency-Replayed"] = _header(
            "`true` when the answer was stored by an earlier request with the same key."
        )
    return headers


def _problems(refusals: list[type[Refusal]], headers: dict[str, Any]) -> dict[str, Any]:
    codes = [refusal.code for refusal in refusals]
    lines = [f"`{refusal.code}`: {summary_of(refusal)}" for refusal in refusals]
    schema = {
        "allOf": [
            {"$ref": _REF.format(name=Problem.__name__)},
            {"properties": {"code": {"enum": codes}}},
        ]
    }
    headers = dict(headers)
    if any(issubclass(refusal, Busy | Unavailable) for refusal in refusals):
        headers["Retry-After"] = _header("Seconds to wait before the next attempt.")
    if Unauthenticated in refusals or Forbidden in refusals:
        headers["WWW-Authenticate"] = _header("What is asked for (RFC 6750).")
    return {
        "description": "\n\n".join(lines),
        "headers": headers,
        "content": {"application/problem+json": {"schema": schema}},
    }


def summary_of(refusal: type[Refusal]) -> str:
    """What a refusal means: its docstring's first paragraph on one line."""
    paragraph = (refusal.__doc__ or refusal.title).strip().split("\n\n")[0]
    return re.sub(r"\s+", " ", paragraph)


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
