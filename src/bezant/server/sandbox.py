"""The simulated other side of payments, run as `python -m bezant.server.sandbox`.

A clearing system for SEPA, and a bank that verifies payees. Everything is kept in memory.
"""

import ssl
from socket import socket
from typing import Final

from bezant.kernel.http import Streams
from bezant.payments import sandbox_csm as csm
from bezant.payments import sandbox_vop as vop
from bezant.server.process import load_certificate, run, serve_https
from bezant.server.task import SandboxTask

_CYCLE_S: Final = 60


def main() -> None:
    """Take the task and serve until asked to stop."""
    run(SandboxTask, _serve)


async def _serve(task: SandboxTask) -> None:
    certificate = load_certificate(task)
    trusted = ssl.create_default_context(cafile=task.authority)
    banks = [csm.Participant(task.participant, task.platform_url)]
    listener = socket(fileno=task.csm_listener)
    responder = vop.SandboxResponder(dict(vop.PAYEES))
    async with csm.serve(task.csm_secret, banks, trusted, _CYCLE_S, listener=listener):
        try:
            await serve_https(task, responder, certificate, Streams(), lambda: None)
        finally:
            responder.released.set()


if __name__ == "__main__":
    main()
