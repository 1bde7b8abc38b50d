"""TLS 1.3 that asks for a client certificate and takes any: the application judges it.

The standard library offers to demand none, or to have OpenSSL end the handshake of every
certificate that it finds no way to an authority for. With that, neither could a self-signed
certificate authenticate a client (RFC 8705, section 2.2), nor could one that expired yesterday be
told that it did. pyOpenSSL can take any certificate, so its connection does the work, behind the
interface through which asyncio and uvloop drive TLS: `SSLContext.wrap_bio`, and the object that it
returns.

What the handshake proves is that the peer holds the certificate's key. No session is ever resumed:
each connection proves it anew, and shows the certificates that come along.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import SSL, crypto

# More than an authority's own chains have; each certificate costs a signature to be verified.
_CHAIN_CERTIFICATES_MAX: Final = 6
_PROTOCOL: Final = b"http/1.1"
# What a record holds at most (RFC 8446, section 5.1).
_RECORD_BYTES_MAX: Final = 16 * 1024

_PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey | RSAPrivateKey


class AskingContext(ssl.SSLContext):
    """The context of the listener for clients with certificates.

    Loading a certificate replaces what new connections get, and leaves open ones alone.
    """

    def __new__(cls) -> Self:
        """Make one without a certificate of its own."""
        context = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        context._serving = None
        return context

    _serving: SSL.Context | None

    def serve_with(self, chain: bytes, key: bytes) -> None:
        """Serve new connections with a certificate.

        Args:
            chain: the chain, PEM, the server's own first.
            key: its private key, PEM, not encrypted.

        Raises:
            ssl.SSLError: they cannot be used; what was served before still is.
        """
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        # Without tickets and without a cache there is nothing to resume.
        context.set_options(SSL.OP_NO_TICKET)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_verify(SSL.VERIFY_PEER, _take_any)
        context.set_verify_depth(_CHAIN_CERTIFICATES_MAX)
        context.set_alpn_select_callback(_select_protocol)
        try:
            certificate, *issuers = load_pem_x509_certificates(chain)
            context.use_certificate(certificate)
            for issuer in issuers:
                context.add_extra_chain_cert(issuer)
            context.use_privatekey(_private_key(key))
        except (SSL.Error, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ssl.SSLError(f"not to be used: {error}") from error
        self._serving = context

    def wrap_bio(  # type: ignore[override]
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the overridden signature
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> "Conversation":
        """One connection's TLS, as a server. It acts as an `ssl.SSLObject`, which none can make."""
        assert server_side
        assert server_hostname is None
        assert session is None
        assert self._serving is not None, "a certificate was loaded"
        return Conversation(SSL.Connection(self._serving), incoming, outgoing)


class Conversation:
    """One connection: what `ssl.SSLObject` is to asyncio, over pyOpenSSL.

    Args:
        connection: the TLS.
        incoming: what the peer sent, encrypted; asyncio fills it.
        outgoing: what goes to the peer; asyncio empties it.
    """

    def __init__(
        self, connection: SSL.Connection, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing
        self._is_drained = True
        connection.set_accept_state()

    @property
    def certificate(self) -> bytes | None:
        """The peer's certificate, DER; None where it presented none."""
        certificate = self._connection.get_peer_certificate()
        return None if certificate is None else _der(certificate)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What came with it, each DER, in the order that the peer sent."""
        # A server's side has the peer's own certificate apart from it.
        return tuple(map(_der, self._connection.get_peer_cert_chain() or []))

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        with self._moving():
            self._connection.do_handshake()

    def read(self, size: int) -> bytes:
        """What the peer said, decrypted, as far as it is here; nothing after its goodbye."""
        pieces: list[bytes] = []
        try:
            with self._moving():
                while size > 0:
                    piece = self._connection.recv(min(size, _RECORD_BYTES_MAX))
                    self._is_drained = False
                    pieces.append(piece)
                    size -= len(piece)
        except ssl.SSLWantReadError:
            self._is_drained = True
            if not pieces:
                raise
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLError:
            # What came before it counts; the error comes again with the next look.
            if not pieces:
                raise
        return b"".join(pieces)

    def write(self, data: bytes) -> int:
        """Say something; how much of it is on its way."""
        with self._moving():
            return self._connection.send(data)

    def pending(self) -> int:
        """Whether another look may find more, though the peer sent nothing since."""
        return 0 if self._is_drained else 1

    def unwrap(self) -> None:
        """Say goodbye, and wait for the peer's."""
        with self._moving():
            # The first call sends ours, the second reads theirs.
            if not self._connection.shutdown():
                self._connection.shutdown()

    def getpeercert(self, binary_form: bool = False) -> dict[str, Any] | bytes | None:  # noqa: FBT001, FBT002 - as in ssl
        """The certificate; without its fields, as the library has it for one not validated."""
        der = self.certificate
        return der if binary_form or der is None else {}

    def cipher(self) -> tuple[str, str, int] | None:
        """The suite: its name, the protocol, and the bits of its key."""
        name = self._connection.get_cipher_name()
        bits = self._connection.get_cipher_bits()
        return None if name is None or bits is None else (name, self.version(), bits)

    def version(self) -> str:
        """The protocol."""
        return self._connection.get_protocol_version_name()

    def compression(self) -> None:
        """TLS 1.3 has none."""

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Hand over what came in before, and what is to go out after; errors as `ssl` has them."""
        if arrived := self._incoming.read():
            self._connection.bio_write(arrived)
            self._is_drained = False
        try:
            yield
        except SSL.WantReadError as error:
            raise ssl.SSLWantReadError from error
        except SSL.ZeroReturnError as error:
            raise ssl.SSLZeroReturnError from error
        except SSL.Error as error:
            raise ssl.SSLError(str(error)) from error
        finally:
            with suppress(SSL.Error):  # there is nothing to go out
                while leaving := self._connection.bio_read(_RECORD_BYTES_MAX):
                    self._outgoing.write(leaving)


def _private_key(pem: bytes) -> _PrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, _PrivateKey):
        raise TypeError("the key is of no kind that TLS knows")
    return key


def _take_any(*_: object) -> bool:
    return True


def _select_protocol(_: SSL.Connection, offered: list[bytes]) -> Any:  # noqa: ANN401 - a constant's private type
    return _PROTOCOL if _PROTOCOL in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
