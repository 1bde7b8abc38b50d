"""The commands of the documents run as they stand, in order, against a real platform.

Blocks marked `sh` are run; `console` shows what a reader types elsewhere, unmarked ones what is
printed.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from documents.commands import ROOT, blocks
from fixtures_servers import open_folder
from running_platform import RunningPlatform, running

pytestmark = pytest.mark.long

DOCUMENTS = (
    "README.md",
    "docs/guides/ledger.md",
    "docs/guides/api.md",
    "docs/guides/close-a-month.md",
    "docs/guides/webhooks.md",
    "docs/guides/feed.md",
    "docs/guides/currencies.md",
    "docs/guides/corrections.md",
    "docs/guides/history.md",
    "docs/guides/personal-data.md",
    "docs/guides/open-an-account.md",
    "docs/guides/interest.md",
    "docs/guides/protect-an-api.md",
    "docs/guides/log-in-with-bezant.md",
    "docs/guides/two-people.md",
    "docs/guides/prove-it.md",
    "docs/guides/import-a-statement.md",
    "docs/guides/statements.md",
    "docs/guides/reconcile.md",
    "docs/guides/key-stores.md",
    "docs/guides/rotate-keys.md",
    "docs/guides/tokenize-cards.md",
    "docs/guides/payments.md",
    "docs/guides/take-a-payment.md",
    "docs/guides/safeguarding.md",
    "docs/guides/verify-a-payee.md",
    "docs/guides/sepa.md",
    "docs/guides/send-money-instantly.md",
    "docs/guides/direct-debits.md",
    "docs/guides/unapplied-money.md",
    "docs/guides/pay-later-and-in-bulk.md",
    "docs/guides/operate/watch.md",
)
ELSEWHERE = ("docs/guides/operate/failover.md", "docs/guides/back-up.md")
"""Documents whose commands need servers of their own, and have tests of their own."""


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    """A platform for the documents of this module."""
    with open_folder() as parent:
        config = parent / "bezant.toml"
        config.write_text("allow_webhook_loopback = true\ncheckpoint_interval_s = 2\n")
        async with running(parent / "data", "--sandbox", "--config", str(config)) as platform:
            yield platform


def commands(document: str) -> list[str]:
    return blocks((ROOT / document).read_text())


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_a_documents_commands_run(
    platform: RunningPlatform, document: str, tmp_path: Path
) -> None:
    bezant = tmp_path / "bezant"
    bezant.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bezant.cli "$@"\n')
    bezant.chmod(0o755)
    script = "set -euo pipefail\n" + "\n".join(commands(document))
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "BEZANT_URL": platform.url,
            "BEZANT_ISSUER": platform.serving["issuer"],
            "BEZANT_VAULT_URL": platform.serving["vault_url"],
            "BEZANT_CA": platform.serving["ca"],
            "BEZANT_API_KEY": platform.key,
            "BEZANT_DATA_DIR": str(platform.data_dir),
            "BEZANT_SANDBOX_URL": platform.serving["csm_url"],
            "BEZANT_SANDBOX_SECRET": platform.serving["csm_secret"],
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await shell.communicate()
    assert shell.returncode == 0, printed.decode()
    if "bezant verify" in script:
        assert b"books sound: " in printed


def test_every_listed_document_has_commands() -> None:
    assert all(commands(document) for document in DOCUMENTS)
    listed = {ROOT / document for document in (*DOCUMENTS, *ELSEWHERE)}
    with_commands = {
        path
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        if blocks(path.read_text())
    }
    assert with_commands == listed
