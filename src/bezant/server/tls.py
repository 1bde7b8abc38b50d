"""TLS 1.3, with a certificate that can be replaced while serving."""

import os
import ssl
from pathlib import Path
from typing import Final, Self

import structlog

from bezant.server.asking import AskingContext

log = structlog.get_logger("bezant.tls")

# A chain of certificates and a key take a few KiB; anything larger is the wrong file.
_PEM_BYTES_MAX: Final = 1024 * 1024

_Stamp = tuple[int, int, int, int]


class BadCertificate(Exception):  # noqa: N818 - says what is bad
    """The certificate and key cannot be used: unreadable, not PEM, or not a pair."""


class ServerCertificate:
    """A server's TLS contexts over two files that may be replaced at any time.

    A reload changes them in place: new connections get the new certificate, open ones go on.

    Attributes:
        context: for every listening socket but one.
        asking: for the one whose clients present certificates.
    """

    def __init__(
        self, certificate: Path, key: Path, context: ssl.SSLContext, asking: AskingContext
    ) -> None:
        self._certificate = certificate
        self._key = key
        self._seen = self._stamps()
        self.context = context
        self.asking = asking

    @classmethod
    def load(cls, certificate: Path, key: Path) -> Self:
        """Read both files.

        Args:
            certificate: the chain as PEM, the server's own first.
            key: its private key as PEM, not encrypted.

        Raises:
            BadCertificate: they cannot be used.
        """
        # TLS 1.3 alone: no renegotiation, no static RSA, no CBC, and all of its suites are sound
        # (RFC 8446, section 1.2), so none are configured.
        loaded = cls(certificate, key, _context(), AskingContext())
        loaded._load()
        return loaded

    def reload(self) -> bool:
        """Serve what the files hold now; keep what is served when they cannot be used.

        Returns:
            Whether the new content is served from here on.
        """
        # Before reading: a change while reading is then seen the next time.
        self._seen = self._stamps()
        try:
            self._load()
        except BadCertificate as error:
            log.error("certificate_refused", reason=str(error))  # noqa: TRY400 - no trace needed
            return False
        log.info("certificate_loaded", file=str(self._certificate))
        return True

    def reload_if_changed(self) -> None:
        """Reload when a file is another one than at the last look."""
        if self._stamps() != self._seen:
            self.reload()

    def _load(self) -> None:
        _load(self.context, self.asking, self._certificate, self._key)

    def _stamps(self) -> tuple[_Stamp | None, ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key))


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load(context: ssl.SSLContext, asking: AskingContext, certificate: Path, key: Path) -> None:
    """Load both files into contexts in use, or leave these as they were.

    The library reads files by name and keeps half of what it read when the other half does not fit.
    So the files are read once, tried on a spare context, and loaded from memory.
    """
    memory = os.memfd_create("certificate")
    try:
        chain_pem, key_pem = _read(certificate), _read(key)
        os.write(memory, chain_pem + b"\n" + key_pem)
        combined = f"/proc/self/fd/{memory}"
        # An encrypted key must fail, not ask on the terminal.
        _context().load_cert_chain(combined, password=_no_password)
        asking.serve_with(chain_pem, key_pem)
        context.load_cert_chain(combined, password=_no_password)
    except OSError as error:  # which ssl.SSLError is as well
        raise BadCertificate(f"{certificate}, {key}: {error.strerror or error}") from error
    finally:
        os.close(memory)


def _no_password() -> str:
    return ""


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_PEM_BYTES_MAX)
