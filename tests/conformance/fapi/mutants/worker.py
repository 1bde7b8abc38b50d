"""A worker whose requests are served by our server, or by one of its mutants.

It also knows intents, which no domain of the platform keeps yet and UK Open Banking's clients name:
see `conformance.fapi.intents`.
"""

import os
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bezant.identity.authorization import DetailTypes
from bezant.server import authorization, worker
from bezant.server.app import create_app
from conformance.fapi.intents import Intents
from conformance.fapi.mutants.switch import Lives
from conformance.fapi.mutants.table import MUTANTS


class Mutable:
    """An application that becomes another between two requests."""

    def __init__(self, app: ASGIApp, lives: Lives) -> None:
        self._app = app
        self._lives = lives
        self._now: frozenset[int] = frozenset()
        self._patch = pytest.MonkeyPatch()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lives = self._lives.now()
        if lives != self._now:
            self._patch.undo()
            for index in sorted(lives):
                MUTANTS[index].apply(self._patch)
            self._now = lives

        async def noting(message: Message) -> None:
            if message.get("status", 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._lives.note_fault()
            await send(message)

        await self._app(scope, receive, noting)


def main() -> None:
    lives = Lives(Path(os.environ["FAPI_MUTANTS"]))
    patch = pytest.MonkeyPatch()
    patch.setattr(worker, "create_app", lambda platform: Mutable(create_app(platform), lives))
    patch.setattr(authorization, "DetailTypes", partial(DetailTypes, [Intents()]))
    worker.main()


if __name__ == "__main__":
    main()
