"""Refusals of the HTTP layer itself, and the problem body as a wire model (RFC 9457)."""

from typing import Annotated

from msgspec import Meta, Struct

from bezant.kernel.errors import Refusal


class Problem(Struct, frozen=True, omit_defaults=True):
    """Why a request was declined (RFC 9457). `code` is stable; further members depend on it."""

    type: Annotated[str, Meta(description="A relative reference, `/errors/{code}`.")]
    title: str
    status: int
    code: str
    detail: str
    field: Annotated[str, Meta(description="The field at fault, such as `postings[0].amount`.")] = (
        ""
    )


class ContentDigestMismatch(Refusal):
    """The body is not the one that `Content-Digest` names (RFC 9530)."""

    status, code, title = 400, "CONTENT_DIGEST_MISMATCH", "The body is not the one that was sent"


class SignatureNotValid(Refusal):
    """The request says to be signed by its client, and is not as RFC 9421 and FAPI 2.0 have it."""

    status, code, title = 400, "SIGNATURE_NOT_VALID", "The request's signature is not valid"


class IdempotencyKeyRequired(Refusal):
    """A state-changing request came without `Idempotency-Key`."""

    status, code, title = 400, "IDEMPOTENCY_KEY_REQUIRED", "The Idempotency-Key header is required"


class IdempotencyKeyInvalid(Refusal):
    """`Idempotency-Key` is not 1 to 255 visible ASCII characters, or came more than once."""

    status, code, title = 400, "IDEMPOTENCY_KEY_INVALID", "The Idempotency-Key header is invalid"


class MethodNotAllowed(Refusal):
    """The path exists; the method does not. `Allow` names those that do."""

    status, code, title = 405, "METHOD_NOT_ALLOWED", "The method is not allowed here"


class RequestTimeout(Refusal):
    """The body did not arrive in time. Nothing was done."""

    status, code, title = 408, "REQUEST_TIMEOUT", "The body did not arrive in time"


class UnsupportedMediaType(Refusal):
    """The body is not declared as `application/json` in UTF-8 without a content coding."""

    status, code, title = 415, "UNSUPPORTED_MEDIA_TYPE", "The media type is not supported"


class InternalError(Refusal):
    """A fault of ours. The log holds the reason under the request id; the body never does."""

    status, code, title = 500, "INTERNAL", "Internal error"
