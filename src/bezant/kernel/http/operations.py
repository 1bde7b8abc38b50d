"""Operations: what a route is, said once.

An operation declares its method, path, scope, wire models and refusals. From the declaration come
the ASGI endpoint, which decodes, authorizes and encodes, and the paths of the OpenAPI document;
neither can drift from the other. Handlers see typed requests and no HTTP.
"""

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from bezant.kernel.calls import Answer, Call, Principal
from bezant.kernel.errors import Busy, Malformed, NotFound, Refusal, Unavailable
from bezant.kernel.http.answers import send_answer, send_refusal
from bezant.kernel.http.authorization import Action, Admitted, Guard
from bezant.kernel.http.bodies import (
    BODY_BYTES_MAX,
    BodyDecoder,
    malformed,
    read_body,
    require_json,
)
from bezant.kernel.http.card_numbers import refuse_in_query, refuse_in_text
from bezant.kernel.http.etags import send_tagged
from bezant.kernel.http.exchange import exchange_of
from bezant.kernel.http.headers import Headers
from bezant.kernel.http.streams import (
    EventSource,
    EventStream,
    Streams,
    abort_of,
    prefers_page,
    send_head,
)
from bezant.kernel.ids import Ids

P = TypeVar("P")
Q = TypeVar("Q")
B = TypeVar("B")

REQUEST_SECONDS_MAX: Final = 30.0
QUERY_PARAMETERS_MAX: Final = 20


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters, or an empty body."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[P, Q]):
    """A request that changes nothing: who asks, the path's and the query's parameters.

    Attributes:
        resource: the path as it was asked for.
        read_after: the newest `seq` of the book that the caller has seen, if it sent one: whatever
            is as new may answer, such as a replica. None where only the newest will do.
        last_event_id: where a stream that was cut off goes on, if the caller sent it.
    """

    principal: Principal
    path: P
    query: Q
    resource: str
    ids: Ids
    read_after: int | None = None
    last_event_id: int | None = None

    def call(self, action: str, purpose: str) -> Call:
        """What the audit log knows of it, where reading is worth an entry."""
        return Call(
            id=self.ids.new(),
            tenant_id=self.principal.tenant_id,
            actor=self.principal.actor,
            action=action,
            resource=self.resource,
            origin="http",
            purpose=purpose,
            through=self.principal.through,
        )


@dataclass(frozen=True, slots=True)
class Writing(Generic[P, B]):
    """A request that changes state. `call` is what idempotency and the audit log know of it."""

    principal: Principal
    path: P
    body: B
    call: Call


@dataclass(frozen=True, slots=True)
class Gate:
    """What every operation needs of its surroundings."""

    guard: Guard
    ids: Ids
    streams: Streams


@dataclass(frozen=True, kw_only=True)
class Operation(ABC):
    """One method of one path.

    Attributes:
        id: the OpenAPI `operationId`, snake case.
        path: a template such as `/v1/books/{book}`.
        tag: what the documentation groups it under.
        scope: what the credential must grant.
        path_type: the Struct of the path's parameters.
        status: of success.
        answer_type: the wire model of success.
        other_answers: wire models of further statuses of success.
        refusals: those that this operation may answer beyond those of every operation.
        seconds_max: until when an answer is there, or the caller is told that there is none.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    scope: str
    path_type: type[Any] = Nothing
    status: int = 200
    answer_type: type[Any]
    other_answers: Mapping[int, type[Any]] = field(default_factory=dict)
    refusals: Sequence[type[Refusal]] = ()
    description: str = ""
    seconds_max: float = REQUEST_SECONDS_MAX

    takes_approval: ClassVar[bool] = False
    """Whether a caller can spend an approval on it: it needs to be known by its fingerprint."""

    @cached_property
    def asks(self) -> Action:
        """What the authorizer is asked about."""
        changes = self.method != "GET"
        return Action(self.id, self.scope, changes, self.takes_approval)

    async def serve(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        with_body = scope["method"] != "HEAD"
        limit = asyncio.timeout(self.seconds_max)
        try:
            async with limit:
                admitted = await gate.guard.admit(scope, self.asks)
                answer = await self._answer(gate, admitted, scope, receive)
        except Refusal as refusal:
            await send_refusal(send, refusal, with_body=with_body)
            return
        except TimeoutError:
            if not limit.expired():
                raise  # somebody else's clock: a fault, not an answer
            await send_refusal(send, _late(self.seconds_max), with_body=with_body)
            return
        await self._send(scope, send, answer, with_body=with_body)

    async def _send(self, scope: Scope, send: Send, answer: Answer, *, with_body: bool) -> None:  # noqa: ARG002 - conditional reads look at the request
        await send_answer(send, answer, with_body=with_body)

    @abstractmethod
    async def _answer(
        self, gate: Gate, admitted: Admitted, scope: Scope, receive: Receive
    ) -> Answer:
        """Decode what the kind of operation takes and run its handler."""

    def _path(self, scope: Scope) -> Any:  # noqa: ANN401 - an instance of `path_type`
        for parameter in scope["path_params"].values():
            refuse_in_text(parameter)
        try:
            return msgspec.convert(scope["path_params"], self.path_type, strict=False)
        except msgspec.ValidationError:
            # What is no identifier identifies nothing: not told apart from the unknown.
            raise NotFound("There is nothing under this path.") from None


@dataclass(frozen=True, kw_only=True)
class ReadOperation(Operation, Generic[P, Q]):
    """A GET.

    Attributes:
        is_replicated: whether a replica may answer; then it takes `Bezant-Read-After`.
        has_etag: whether answers carry an `ETag`; then it takes `If-None-Match`.
    """

    handler: Callable[[Reading[P, Q]], Awaitable[object]]
    query_type: type[Any] = Nothing
    is_replicated: bool = False
    has_etag: bool = False
    method: str = field(default="GET", init=False)

    async def _answer(
        self,
        gate: Gate,
        admitted: Admitted,
        scope: Scope,
        receive: Receive,  # noqa: ARG002 - the writing kind needs it
    ) -> Answer:
        reading = self._reading(gate, admitted.principal, scope)
        return Answer.of(await self.handler(reading), self.status)

    def _reading(self, gate: Gate, principal: Principal, scope: Scope) -> Reading[P, Q]:
        query = parse_query(scope["query_string"], self.query_type)
        read_after = Headers(scope["headers"]).read_after() if self.is_replicated else None
        return Reading(principal, self._path(scope), query, scope["path"], gate.ids, read_after)

    async def _send(self, scope: Scope, send: Send, answer: Answer, *, with_body: bool) -> None:
        if self.has_etag:
            condition = Headers(scope["headers"]).every(b"if-none-match")
            await send_tagged(send, answer, condition, with_body=with_body)
        else:
            await send_answer(send, answer, with_body=with_body)


@dataclass(frozen=True, kw_only=True)
class StreamOperation(ReadOperation[P, Q]):
    """A GET that is answered by events as they come; by a page for who takes only JSON.

    Attributes:
        handler: answers the page.
        opener: finds where the stream begins; after that nothing but its end can be told.
    """

    opener: Callable[[Reading[P, Q]], Awaitable[EventSource]]

    async def serve(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if prefers_page(scope):
            await super().serve(gate, scope, receive, send)
            return
        with_body = scope["method"] != "HEAD"
        limit = asyncio.timeout(REQUEST_SECONDS_MAX)
        async with AsyncExitStack() as held:
            try:
                async with limit:
                    principal = (await gate.guard.admit(scope, self.asks)).principal
                    held.enter_context(gate.streams.admitted(principal.actor))
                    source = await self.opener(self._reading(gate, principal, scope))
                    held.push_async_callback(source.close)
            except Refusal as refusal:
                await send_refusal(send, refusal, with_body=with_body)
                return
            except TimeoutError:
                if not limit.expired():
                    raise
                await send_refusal(send, _late(self.seconds_max), with_body=with_body)
                return
            if not with_body:
                await send_head(send)
                await send({"type": "http.response.body", "body": b""})
                return
            exchange_of(scope).is_stream = True
            await EventStream(
                source,
                lambda: _still_authorized(gate.guard, scope, self.asks),
                gate.streams.closing,
                receive,
                send,
                abort=abort_of(scope),
            ).serve()

    def _reading(self, gate: Gate, principal: Principal, scope: Scope) -> Reading[P, Q]:
        reading = super()._reading(gate, principal, scope)
        return replace(reading, last_event_id=Headers(scope["headers"]).last_event_id())


@dataclass(frozen=True, kw_only=True)
class WriteOperation(Operation, Generic[P, B]):
    """A POST, PUT or PATCH. Takes `Idempotency-Key`.

    Attributes:
        action: what the audit log calls it, as `noun.verb`.
        example: a body, for the documentation.
        body_bytes_max: where to stop reading.
        takes_card_numbers: whether its body may hold some: at the vault only.
    """

    handler: Callable[[Writing[P, B]], Awaitable[Answer]]
    action: str
    body_type: type[B]
    example: Mapping[str, object]
    method: str = "POST"
    body_bytes_max: int = BODY_BYTES_MAX
    takes_card_numbers: bool = False
    takes_approval: ClassVar[bool] = True
    decoder: BodyDecoder[B] = field(init=False)

    def __post_init__(self) -> None:
        decoder = BodyDecoder(self.body_type, takes_card_numbers=self.takes_card_numbers)
        object.__setattr__(self, "decoder", decoder)

    async def _answer(
        self, gate: Gate, admitted: Admitted, scope: Scope, receive: Receive
    ) -> Answer:
        path = self._path(scope)
        if scope["query_string"]:
            parse_query(scope["query_string"], Nothing)
        headers = Headers(scope["headers"])
        key = headers.idempotency_key()
        require_json(headers.one(b"content-type"), headers.one(b"content-encoding"))
        raw = await read_body(
            receive, headers.one(b"content-length"), bytes_max=self.body_bytes_max
        )
        resource, principal = scope["path"], admitted.principal
        call = Call(
            id=gate.ids.new(),
            tenant_id=principal.tenant_id,
            actor=principal.actor,
            action=self.action,
            resource=resource,
            origin="http",
            idempotency_key=key,
            fingerprint=fingerprint_of(self.method, resource, raw),
            through=principal.through,
        )
        body = self.decoder.decode(raw)
        if admitted.approval is not None:
            await gate.guard.authorizer.spend(admitted.approval, self.asks, call)
        return await self.handler(Writing(principal, path, body, call))


async def _still_authorized(guard: Guard, scope: Scope, action: Action) -> None:
    """Ask again whether a caller may have the stream that was begun."""
    try:
        await guard.admit(scope, action)
    except Busy:
        return  # a limit on requests; it is asked only of a credential that holds


def parse_query(query_string: bytes, kind: type[Q]) -> Q:
    """Decode a query string into its Struct; unknown and repeated parameters are refused.

    Raises:
        CardNumberMisplaced: it holds a card number.
        Malformed: naming the parameter.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query_string),
            errors="strict",
            max_num_fields=QUERY_PARAMETERS_MAX,
        )
    except ValueError:
        raise Malformed("The query string cannot be read.") from None
    refuse_in_query(query_string)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise Malformed("A query parameter came more than once.")
    for name, value in pairs:
        if "\0" in value:
            raise Malformed("Text holds no NUL characters.", field=name)
    try:
        return msgspec.convert(parameters, kind, strict=False)
    except msgspec.ValidationError as error:
        raise malformed(error) from None


def _late(seconds_max: float) -> Unavailable:
    return Unavailable(f"No answer within {seconds_max:.0f} s; a repeat with the same key is safe.")


def fingerprint_of(method: str, path: str, body: bytes) -> bytes:
    """SHA-256 over method, path and body, the first two ended by a byte that neither can hold."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).digest()
