"""Requests that clients sign, and answers that are signed for them (FAPI 2.0 Http Signatures).

A client that wants proof of what it asked for and was told signs its requests with a key that it
registered (RFC 9421). Such a request is answered only if its signature is valid, and the answer,
whichever it is, is signed with a key of the issuer, over what was asked as well. Signatures that
others put there, under another tag, are none of this.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bezant.formats import http_signatures
from bezant.formats.http_signatures import (
    Component,
    DigestCheck,
    Parameters,
    SignatureRefused,
    content_digest,
)
from bezant.identity.clients import ClientKeys, Clients
from bezant.identity.jose import JoseRefused, Key
from bezant.identity.signing import SigningKeys
from bezant.kernel.calls import Principal
from bezant.kernel.clock import Clock
from bezant.kernel.http import (
    SIGNATURE_INPUT,
    Authenticator,
    ContentDigestMismatch,
    Credentials,
    Headers,
    SignatureNotValid,
    exchange_of,
)

REQUEST: Final = "fapi-2-request"
RESPONSE: Final = "fapi-2-response"

AGE_MAX: Final = timedelta(seconds=60)
"""How long ago a request may have been signed. Repeats of it are the API's own matter: whoever
repeats one needs a new DPoP proof, or the certificate, and an `Idempotency-Key` acts once."""

_DIGEST: Final = "content-digest"
_OF_REQUEST: Final = tuple(map(Component, ("@method", "@target-uri", "authorization")))


class SignedCallers:
    """Authenticates callers, and holds those who sign their requests to it.

    Args:
        callers: whoever they are.
        clients: finds them.
        keys: theirs.
        ours: sign the answers.
    """

    def __init__(
        self,
        callers: Authenticator,
        clients: Clients,
        keys: ClientKeys,
        ours: SigningKeys,
        clock: Clock,
    ) -> None:
        self._callers = callers
        self._clients = clients
        self._keys = keys
        self._ours = ours
        self._clock = clock

    async def authenticate(self, credentials: Credentials) -> Principal:
        """The caller. See `Authenticator`.

        Raises:
            SignatureNotValid: the request is signed, and not as it should be.
            Unavailable: the answer could not be signed.
        """
        principal = await self._callers.authenticate(credentials)
        if credentials.signed_fields is None:
            return principal
        message = _message(credentials)
        try:
            signatures = http_signatures.tagged(message, REQUEST)
            for label, parameters in signatures.items():
                await self._verify(principal, message, label, parameters)
        except SignatureRefused as error:
            raise SignatureNotValid(str(error)) from None
        if signatures:
            # Opened now, so that without it nothing is done that could then not be answered.
            await self._ours.private_key(principal.tenant_id)
        return msgspec.structs.replace(principal, has_signed=bool(signatures))

    async def _verify(
        self,
        principal: Principal,
        message: http_signatures.Message,
        label: str,
        parameters: Parameters,
    ) -> None:
        keys: dict[str, http_signatures.PublicKey] = {}
        if principal.client_id is not None:
            client = await self._clients.find(principal.tenant_id, str(principal.client_id))
            try:
                found = [] if client is None else await self._keys.of(client, parameters.key_id)
            except JoseRefused:
                found = []
            keys = {key.kid: _public(key.key) for key in found if key.kid is not None}
        http_signatures.verify(
            message,
            label,
            keys.get,
            required=_required(message),
            now=self._clock.now(),
            age_max=AGE_MAX,
        )


class SignedMessages:
    """Compares bodies of the API with their digests, and signs the answers to signed requests.

    Args:
        app: the application.
        keys: the issuers'.
        prefix: of the paths of the API.
    """

    def __init__(self, app: ASGIApp, keys: SigningKeys, clock: Clock, *, prefix: str) -> None:
        self._app = app
        self._keys = keys
        self._clock = clock
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(self._prefix):
            headers = Headers(scope["headers"])
            if digests := headers.every(_DIGEST.encode()):
                receive = _compared(receive, b", ".join(digests).decode("latin-1"))
            if headers.every(SIGNATURE_INPUT):
                send = _Signing(scope, send, self._keys, self._clock)
        await self._app(scope, receive, send)


class _Signing:
    """Sends an answer with its signature, once it is whole."""

    def __init__(self, scope: Scope, send: Send, keys: SigningKeys, clock: Clock) -> None:
        self._scope = scope
        self._send = send
        self._keys = keys
        self._clock = clock
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            tenant_id = exchange_of(self._scope).signs_for
            # Who reads a stream learns each event when it comes; there is no whole to sign.
            if tenant_id is not None and not message.get("more_body", False):
                start["headers"] += await self._signature(tenant_id, start, message["body"])
            await self._send(start)
        await self._send(message)

    async def _signature(
        self, tenant_id: UUID, start: Message, body: bytes
    ) -> Sequence[tuple[bytes, bytes]]:
        request = _message(Credentials.of(self._scope))
        digest = {_DIGEST: [content_digest(body)]} if body else {}
        message = http_signatures.Message(fields=digest, status=start["status"], request=request)
        components = [
            *(Component(each.name, of_request=True) for each in _required(request)),
            Component("@status"),
            *map(Component, digest),
        ]
        key = await self._keys.private_key(tenant_id)
        private = key.key.private_key
        assert isinstance(private, http_signatures.PrivateKey)
        parameters = Parameters(self._clock.now(), key.kid, tag=RESPONSE)
        signature_input, signature = http_signatures.sign(message, components, parameters, private)
        fields = {name: values[0] for name, values in digest.items()}
        fields |= {"signature-input": signature_input, "signature": signature}
        return [(name.encode(), value.encode()) for name, value in fields.items()]


def _public(key: Key) -> http_signatures.PublicKey:
    public = key.public_key
    # A set of keys holds no others: see `read_public_key`.
    assert isinstance(public, http_signatures.PublicKey)
    return public


def _message(credentials: Credentials) -> http_signatures.Message:
    query = f"?{credentials.query}" if credentials.query else ""
    assert credentials.signed_fields is not None
    return http_signatures.Message(
        credentials.signed_fields, credentials.method, credentials.url + query
    )


def _required(request: http_signatures.Message) -> list[Component]:
    """What a signature of a request, and of its answer, has to cover."""
    fields = request.fields
    lengths = fields.get("content-length", ["0"])
    has_body = "transfer-encoding" in fields or any(length != "0" for length in lengths)
    conditional = {"dpop": "dpop" in fields, _DIGEST: has_body or _DIGEST in fields}
    return [*_OF_REQUEST, *(Component(name) for name, there in conditional.items() if there)]


def _compared(receive: Receive, field: str) -> Receive:
    check = DigestCheck(field)

    async def compare() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            check.update(message.get("body", b""))
            if not message.get("more_body", False) and not check.is_right():
                raise ContentDigestMismatch("Content-Digest is of another body, or names none.")
        return message

    return compare
