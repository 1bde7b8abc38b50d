"""Who asks for what, and what they were answered."""

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from bezant.kernel.errors import Refusal

T = TypeVar("T")

HTTP_ERROR = 400

PERSON: Final = "user:"
"""What the actors begin with that are people; the user's identifier follows."""


class PrincipalKind(StrEnum):
    """What a caller is. Policies tell them apart."""

    API_KEY = "api_key"
    USER = "user"
    """A person, through a client that they granted scopes."""

    CLIENT = "client"
    """A client of the tenant's own, for itself."""

    THIRD_PARTY = "third_party"
    """Another company's client, for itself or by a user's consent."""

    OPERATOR = "operator"
    """Who runs the platform, at its console."""

    SERVICE = "service"
    """A process of this deployment."""


class Principal(msgspec.Struct, frozen=True):
    """An authenticated caller.

    Attributes:
        tenant_id: whose data the caller may reach.
        actor: an opaque reference that the audit log keeps, such as `key:0198…`.
        scopes: what the credential grants, such as `ledger:write`.
        kind: what the caller is.
        user_id: the person behind the credential, if there is one.
        client_id: the client that presents it, if it was issued to one.
        roles: of the user, in this tenant.
        acr: how strong the user's login was, as the token says (OpenID Connect Core, section 2).
        authenticated_at: when the user last proved to be one; `auth_time`.
        through: who acts for the caller, whoever acts now first; none where nobody else does.
        has_signed: whether the request is signed by the client's registered key (RFC 9421).
    """

    tenant_id: UUID
    actor: str
    scopes: frozenset[str]
    kind: PrincipalKind = PrincipalKind.API_KEY
    user_id: UUID | None = None
    client_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    acr: str | None = None
    authenticated_at: datetime | None = None
    through: tuple[str, ...] = ()
    has_signed: bool = False


class Call(msgspec.Struct, frozen=True):
    """One state-changing request, as idempotency and audit see it.

    Attributes:
        id: this attempt's UUIDv7; the audit entry's identifier.
        tenant_id: whose data.
        actor: who, as an opaque reference.
        action: what is done, as `noun.verb` (`transaction.post`).
        resource: what to, as a path without personal data (`/v1/books/0198…/transactions`).
        origin: where the request came in: `http`, `cli`, `job`.
        idempotency_key: the caller's key; None for calls of the platform itself, which are
            idempotent by id.
        fingerprint: method, path and body of the request, as the bytes that a repeat must equal.
        purpose: why personal data is touched, where it is; else empty.
        former_fingerprints: what an earlier process would have called the same request, where
            fingerprints are keyed and the key was rotated.
        through: who acts for the actor, as `Principal.through`.
    """

    id: UUID
    tenant_id: UUID
    actor: str
    action: str
    resource: str
    origin: str
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    purpose: str = ""
    former_fingerprints: tuple[bytes, ...] = ()
    through: tuple[str, ...] = ()

    @property
    def fingerprints(self) -> frozenset[bytes]:
        """Whatever the same request may have been recorded as."""
        return frozenset((self.fingerprint, *self.former_fingerprints))


class Answer(msgspec.Struct, frozen=True):
    """What a state-changing request was answered: rendered once, then replayed byte for byte.

    Attributes:
        status: the HTTP status.
        body: JSON; a problem body when `status` is 400 or more.
        is_replay: True when the bytes come from an earlier request with the same key.
    """

    status: int
    body: bytes
    is_replay: bool = False

    @classmethod
    def of(cls, value: object, status: int = 200) -> "Answer":
        """Render a value."""
        return cls(status, msgspec.json.encode(value))

    @classmethod
    def refused(cls, refusal: Refusal) -> "Answer":
        """Render a refusal."""
        return cls(refusal.status, refusal.encode())

    @property
    def is_refusal(self) -> bool:
        """Whether the body is a problem."""
        return self.status >= HTTP_ERROR

    def value(self, kind: type[T]) -> T:
        """The body as a typed value, for callers inside the process.

        Raises:
            RefusedAnswer: the request was declined.
        """
        if self.is_refusal:
            raise RefusedAnswer(self)
        return msgspec.json.decode(self.body, type=kind)


class _Problem(msgspec.Struct):
    status: int
    code: str
    detail: str


class RefusedAnswer(Exception):  # noqa: N818 - an answer, not a fault
    """A refusal that was answered elsewhere and is looked at here.

    Attributes:
        answer: as it was given.
        code: its stable code.
    """

    def __init__(self, answer: Answer) -> None:
        problem = msgspec.json.decode(answer.body, type=_Problem)
        super().__init__(f"{problem.code}: {problem.detail}")
        self.answer = answer
        self.code = problem.code
