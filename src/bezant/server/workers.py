"""The processes of one platform that serve requests: started, watched, replaced, drained."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, Self

import msgspec
import structlog

from bezant.kernel.settings import ENVIRONMENT_PREFIX
from bezant.kernel.telemetry import metrics
from bezant.server.embedded import StartupError
from bezant.server.errors import WorkerRefused, WorkersFailing
from bezant.server.process import ProcessTask, Word

# A worker that dies now and then is replaced; a platform whose workers die like this is broken.
DEATHS_MAX: Final = 5
DEATHS_WITHIN_S: Final = 60.0

_BACKOFF_S: Final = 0.25
_BACKOFF_S_MAX: Final = 15.0
# Python with the whole platform imported, on a machine that is busy.
_START_WITHIN_S: Final = 60.0
# Beyond the drain: closing the ledger's lanes, connections and traces.
_CLOSE_WITHIN_S: Final = 10.0

log = structlog.get_logger("bezant.workers")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of process.

    Attributes:
        name: as people are told of it.
        plural: all of them.
        module: what it runs.
        is_given_up: whether the platform ends when they end again and again. Otherwise they are
            replaced for ever, ever more slowly.
    """

    name: str
    plural: str
    module: str
    is_given_up: bool = True


WORKER: Final = Kind("worker", "workers", "bezant.server.worker")

# Without it the ledger goes on, and what needs the vault is answered 503.
VAULT: Final = Kind("vault", "vault", "bezant.server.vault", is_given_up=False)

# What is paid meanwhile is in doubt, as with any clearing system that is down.
OTHER_SIDE: Final = Kind("sandbox", "sandbox", "bezant.server.sandbox", is_given_up=False)


class Worker:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process, kind: Kind) -> None:
        self._process = process
        self._kind = kind

    @classmethod
    async def start(cls, kind: Kind, task: ProcessTask, metrics_folder: Path) -> Self:
        """Start a process and hand it its task; it may not serve yet.

        Call it from the main thread: the kernel ends the worker with the *thread* that started it.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # Without the current folder on the path: whoever can write there would run code in us.
            "-P",
            "-m",
            kind.module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=task.inherited,
            # Ctrl-C in a terminal goes to its foreground group: draining is the parent's decision.
            start_new_session=True,
            env=_environment(metrics_folder),
        )
        assert process.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # it ended; `serving` finds out
            process.stdin.write(msgspec.json.encode(task))
            process.stdin.close()
            await process.stdin.wait_closed()
        return cls(process, kind)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def serving(self) -> None:
        """Wait until it accepts connections.

        Raises:
            WorkerRefused: it said why it cannot.
            WorkersFailing: it ended without a word, or did not come up in time.
        """
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            self._process.kill()
            raise _failing(
                f"A {self._kind.name} did not start within {_START_WITHIN_S:.0f} s."
            ) from None
        if not line:
            status = await self._process.wait()
            raise _failing(f"A {self._kind.name} ended with status {status} while it started.")
        word = msgspec.json.decode(line, type=Word)
        if not word.serving:
            raise WorkerRefused(word.code, word.problem, word.remedy)

    async def wait(self) -> int:
        """Wait until it ends; its exit status, negative for a signal."""
        return await self._process.wait()

    def signal(self, request: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        with suppress(ProcessLookupError):
            self._process.send_signal(request)


class Workers:
    """As many workers as asked for, for as long as they are kept.

    Attributes:
        kind: what they are.

    Args:
        task: what each of them does; it names the descriptors of `listeners`.
        listeners: the listening sockets; closed when they stop.
        count: how many.
        metrics_folder: where they keep their metrics.
        kind: what they are.
    """

    def __init__(
        self,
        task: ProcessTask,
        listeners: Sequence[socket.socket],
        count: int,
        metrics_folder: Path,
        kind: Kind = WORKER,
    ) -> None:
        self.kind = kind
        self._task = task
        self._listeners = listeners
        self._count = count
        self._metrics_folder = metrics_folder
        self._running: set[Worker] = set()
        self._deaths: deque[float] = deque(maxlen=DEATHS_MAX)

    async def start(self) -> None:
        """Start all of them, and wait until they serve.

        Raises:
            WorkerRefused: one said why it cannot; the others are stopped.
            WorkersFailing: one ended or did not come up in time; the others are stopped.
        """
        try:
            await asyncio.gather(*(self._start_one() for _ in range(self._count)))
        except BaseException:
            await self.stop()
            raise

    async def keep(self) -> NoReturn:
        """Replace workers that end, for ever.

        Raises:
            WorkersFailing: they end faster than it makes sense to replace them.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for worker in list(self._running):
                    group.create_task(self._keep_one(worker))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        raise AssertionError("kept for ever")

    async def stop(self) -> None:
        """Stop accepting, let requests in flight end within the bound, and end the workers."""
        # Ours too: as long as one copy of the socket listens, the kernel accepts connections for
        # it.
        for listener in self._listeners:
            listener.close()
        running = list(self._running)
        await asyncio.gather(*(self._stop_one(worker) for worker in running))

    def kill(self) -> None:
        """End the workers without draining. Whoever waits in `stop` goes on."""
        for worker in self._running:
            worker.signal(signal.SIGKILL)

    def reload_certificate(self) -> None:
        """Have every worker read the certificate again."""
        for worker in self._running:
            worker.signal(signal.SIGHUP)

    async def _start_one(self) -> None:
        worker = await self._spawn()
        await worker.serving()

    async def _spawn(self) -> Worker:
        worker = await Worker.start(self.kind, self._task, self._metrics_folder)
        self._running.add(worker)
        return worker

    async def _keep_one(self, worker: Worker) -> NoReturn:
        while True:
            status = await worker.wait()
            self._forget(worker)
            log.error("worker_ended", kind=self.kind.name, pid=worker.pid, status=status)
            worker = await self._replace()
            log.info("worker_replaced", kind=self.kind.name, pid=worker.pid)

    async def _replace(self) -> Worker:
        while True:
            await asyncio.sleep(self._backoff_s())
            worker = await self._spawn()
            try:
                await worker.serving()
            except StartupError as error:
                # Its own words; a trace of ours would add nothing.
                said = {"code": error.code, "problem": error.problem}
                log.error("worker_not_started", kind=self.kind.name, **said)  # noqa: TRY400
                worker.signal(signal.SIGKILL)
                await worker.wait()
                self._forget(worker)
            else:
                return worker

    def _backoff_s(self) -> float:
        """How long to wait before replacing one, growing with recent deaths."""
        now = asyncio.get_running_loop().time()
        is_often = len(self._deaths) == DEATHS_MAX and now - self._deaths[0] < DEATHS_WITHIN_S
        if is_often and self.kind.is_given_up:
            raise _failing(
                f"{self.kind.plural.capitalize()} ended {DEATHS_MAX} times within"
                f" {DEATHS_WITHIN_S:.0f} s."
            )
        self._deaths.append(now)
        recent = sum(now - death < DEATHS_WITHIN_S for death in self._deaths)
        # The first is replaced at once.
        return 0.0 if recent == 1 else min(_BACKOFF_S * 2.0**recent, _BACKOFF_S_MAX)

    async def _stop_one(self, worker: Worker) -> None:
        worker.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._task.drain_s + _CLOSE_WITHIN_S):
                await worker.wait()
        except TimeoutError:
            log.error("worker_killed", kind=self.kind.name, pid=worker.pid)  # noqa: TRY400 - late is all there is to say
            worker.signal(signal.SIGKILL)
            await worker.wait()
        self._forget(worker)

    def _forget(self, worker: Worker) -> None:
        self._running.discard(worker)
        metrics.forget_worker(worker.pid, str(self._metrics_folder))


def clear_metrics(folder: Path) -> None:
    """Forget the counts of an earlier run."""
    shutil.rmtree(folder)
    folder.mkdir(mode=0o700)


def _environment(metrics_folder: Path) -> dict[str, str]:
    """Ours without the settings: a process knows what its task tells it, and no more."""
    inherited = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    return {**inherited, metrics.FOLDER_VARIABLE: str(metrics_folder)}


def _is_setting(name: str) -> bool:
    return name.upper().startswith(ENVIRONMENT_PREFIX)


def _failing(problem: str) -> WorkersFailing:
    return WorkersFailing(problem, "The log above says why.")
