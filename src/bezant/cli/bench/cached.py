"""The cache of the platform that is measured: how often it answers, and how it is taken away."""

import os
import re
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from bezant.cli.bench.stage import commands
from bezant.server.endpoint import Endpoint

_READS: Final = re.compile(
    r'^bezant_cache_reads_total\{kind="balance",outcome="(?P<outcome>\w+)"\} (?P<count>\S+)$',
    re.MULTILINE,
)
_PROGRAM: Final = "valkey-server"


def hit_rate(platform: Endpoint, api_key: str) -> float:
    """How many reads of balances the cache has answered so far, per cent."""
    assert platform.ca is not None
    headers = {"Authorization": f"Bearer {api_key}"}
    trust = ssl.create_default_context(cafile=platform.ca)
    answer = httpx.get(f"{platform.url}/metrics", headers=headers, verify=trust)
    assert answer.status_code == HTTPStatus.OK
    counts = {match["outcome"]: float(match["count"]) for match in _READS.finditer(answer.text)}
    return 100 * counts.get("hit", 0.0) / max(1.0, sum(counts.values()))


@contextmanager
def cache_down(platform: Endpoint) -> Iterator[None]:
    """Halt the embedded cache: the worst way to be down, since whoever asks it has to wait."""
    # It writes what it serves behind its name.
    [cache] = [
        pid
        for pid, command in commands(platform.pid)
        if Path(command[0].partition(" ")[0]).name == _PROGRAM
    ]
    os.kill(cache, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(cache, signal.SIGCONT)
