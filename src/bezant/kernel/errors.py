"""Refusals: errors that are part of the API.

A refusal carries a status and a stable code; it is rendered as an RFC 9457 problem body. A body
never holds a secret, a card number or a personal datum, so details name identifiers and amounts
only.
"""

from typing import Any, ClassVar, Final

import msgspec

_MEMBERS: Final = frozenset({"type", "title", "status", "code", "detail", "field"})


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request understood and declined, with a reason that the caller can act on.

    Subclasses fix `status` (HTTP), `code` (stable, upper snake case) and `title`. Extra facts
    become members of the problem body; integers are written as strings, since amounts exceed what
    JSON numbers hold exactly.

    Args:
        detail: one sentence about this occurrence; identifiers and amounts only.
        field: the request field at fault as a path, such as `postings[0].amount`.
        facts: further members of the problem body.
    """

    status: ClassVar[int] = 422
    code: ClassVar[str] = "REFUSED"
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str, *, field: str | None = None, **facts: int | str | bool) -> None:
        super().__init__(detail)
        assert _MEMBERS.isdisjoint(facts), "a fact that would take the place of a member"
        self.detail = detail
        self.field = field
        self.facts = facts

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 body as a mapping, members in their fixed order."""
        body: dict[str, Any] = {
            "type": f"/errors/{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.field is not None:
            body["field"] = self.field
        for name, fact in self.facts.items():
            is_number = isinstance(fact, int) and not isinstance(fact, bool)
            body[name] = str(fact) if is_number else fact
        return body

    def encode(self) -> bytes:
        """The problem body as JSON bytes."""
        return msgspec.json.encode(self.problem())


class Malformed(Refusal):
    """The request cannot be read as what the route takes."""

    status, code, title = 400, "MALFORMED", "The request is malformed"


class Unauthenticated(Refusal):
    """No credential, or one that is unknown, expired or revoked. Which of these is not told."""

    status, code, title = 401, "UNAUTHENTICATED", "Authentication is required"


class StepUpNeeded(Unauthenticated):
    """The user has to log in again, by stronger means or more recently (RFC 9470).

    Attributes:
        wanted: what a client is to ask for, as the challenge says it.
        headers: the challenge, in the scheme of the caller's token.
    """

    code, title = "STEP_UP_NEEDED", "A stronger login is needed"

    def __init__(self, detail: str, *, acr: str | None, max_age_s: int | None = None) -> None:
        super().__init__(detail)
        self.wanted: dict[str, str] = {}
        if acr is not None:
            self.wanted["acr_values"] = acr
        if max_age_s is not None:
            self.wanted["max_age"] = str(max_age_s)
        self.headers: tuple[tuple[bytes, bytes], ...] = ()


class Forbidden(Refusal):
    """The credential is valid but does not grant this action.

    Attributes:
        headers: the challenge, where another scope is all that is missing.
    """

    status, code, title = 403, "FORBIDDEN", "The credential does not grant this action"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ApprovalNeeded(Forbidden):
    """Somebody else has to agree first: ask for an approval, and send it as `Bezant-Approval`."""

    code, title = "APPROVAL_NEEDED", "Somebody else has to approve this"


class NotFound(Refusal):
    """Unknown, or another tenant's: the two are not told apart."""

    status, code, title = 404, "NOT_FOUND", "Not found"


class Conflict(Refusal):
    """The state of the resource does not allow the request."""

    status, code, title = 409, "CONFLICT", "The state does not allow this"


class ApprovalNotUsable(Conflict):
    """The approval is not of this caller, not for this request, not given, expired or spent."""

    code, title = "APPROVAL_NOT_USABLE", "The approval cannot be used for this"


class TooLarge(Refusal):
    """The body exceeds the limit of the route."""

    status, code, title = 413, "BODY_TOO_LARGE", "The body is too large"


class Busy(Refusal):
    """A queue is full. Try again after `retry_after_s`."""

    status, code, title = 429, "BUSY", "Too many requests at once"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class Unavailable(Refusal):
    """A part that the request needs is down; a repeat with the same key is safe."""

    status, code, title = 503, "UNAVAILABLE", "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s
