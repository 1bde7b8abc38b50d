"""The server's certificate: the operator's own, or a development one that is kept current."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from bezant.kernel.clock import SystemClock
from bezant.kernel.settings import Settings
from bezant.server.development_ca import DevelopmentCa
from bezant.server.embedded import DataFolder

_LOOK_EVERY_S: Final = 6 * 3600.0

log = structlog.get_logger("bezant.tls")


class Certificates:
    """The files that the workers serve with.

    Attributes:
        certificate: the chain, PEM.
        key: its key, PEM.
        ca: what clients have to trust; None with the operator's own certificate.
    """

    certificate: Path
    key: Path
    ca: Path | None

    def __init__(self, settings: Settings, data: DataFolder) -> None:
        self._data = data
        self._hosts = [
            settings.host,
            settings.vault_host or settings.host,
            settings.mtls_host or settings.host,
        ]
        self._development: DevelopmentCa | None = None
        if settings.tls_certificate is not None and settings.tls_key is not None:
            self.certificate, self.key, self.ca = settings.tls_certificate, settings.tls_key, None
            return
        self._development = DevelopmentCa(data.private_folder("tls"), SystemClock())
        self.certificate = self._development.certificate
        self.key = self._development.key
        self.ca = self._development.ca
        with data.explained():
            self._development.ensure(*self._hosts)

    @contextmanager
    def kept_current(self, reload: Callable[[], None]) -> Iterator[None]:
        """Renew a development certificate when its time has come; on SIGHUP, look at once.

        Args:
            reload: has the workers read the files again.
        """
        loop = asyncio.get_running_loop()

        def look() -> None:
            self._renew()
            reload()

        loop.add_signal_handler(signal.SIGHUP, look)
        renewing = asyncio.create_task(self._renew_for_ever())
        try:
            yield
        finally:
            renewing.cancel()
            loop.remove_signal_handler(signal.SIGHUP)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            # The workers see for themselves that the files have changed.
            self._renew()

    def _renew(self) -> None:
        if self._development is None:
            return
        try:
            if self._development.ensure(*self._hosts):
                log.info("certificate_renewed", file=str(self.certificate))
        except OSError as error:
            # The one in use has weeks left, and the next look is in hours.
            log.error("certificate_not_renewed", reason=str(error))  # noqa: TRY400 - it says all
