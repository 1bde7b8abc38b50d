"""`bezant vault keystore`, as an operator types it."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from bezant.server.embedded import DataFolder
from bezant.vault.keystores import create_key_store, read_choice
from bezant.vault.keystores.local_file import Argon2
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT

pytestmark = pytest.mark.long

QUICK = Argon2(memory_kib=8 * 1024, passes=1, lanes=1)


def keystore(*arguments: str, setting: str = "local") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "vault", "keystore", *arguments],
        env=ENVIRONMENT | {"BEZANT_KEY_STORE": setting},
        capture_output=True,
        text=True,
        check=False,
    )


def said(answer: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert answer.returncode == 0, answer.stderr
    found: dict[str, object] = json.loads(answer.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def setting(folder: Path) -> str:
    """A keystore file, made."""
    text = f"local:{folder}/keystore.json?passphrase_file={folder}/passphrase"
    asyncio.run(create_key_store(read_choice(text, folder), QUICK))
    return text


def test_a_key_store_is_made_once_in_a_new_data_folder_and_checked() -> None:
    with open_folder() as parent:
        data = ("--data-dir", str(parent / "data"))
        made = keystore("create", *data)
        assert made.returncode == 0, made.stderr
        home = parent / "data/keystore"
        assert f"Made the key store {home}/keystore.json" in made.stdout
        assert f"{home}/passphrase: back up both, apart" in made.stdout
        again = keystore("create", *data)
        assert again.returncode == 1
        assert "already, and it stays" in again.stderr
        checked = said(keystore("check", *data, "--json"))
        assert (checked["kind"], checked["current"], checked["is_open"]) == ("local", "1", True)
        # The platform starts on the folder later on.
        with DataFolder(parent / "data"):
            pass
        passphrase = (home / "passphrase").read_text().strip()
        assert passphrase not in made.stdout + made.stderr


def test_a_passphrase_is_rotated_and_divided(folder: Path, setting: str) -> None:
    file, two = folder / "keystore.json", folder / "two"
    rotate = keystore("rotate-passphrase", "--to-file", str(two), "--json", setting=setting)
    rotated = str(said(rotate)["key_store"])
    assert rotated == f"local:{file}?passphrase_file={two}"
    shares = folder / "shares"
    division = ("--threshold", "2", "--shares", "3", "--to-folder", str(shares))
    divided = keystore("split", *division, setting=rotated)
    assert divided.returncode == 0, divided.stderr
    assert f'key_store = "local:{file}?shares=FOLDER"' in divided.stdout
    texts = [path.read_text().strip() for path in shares.iterdir()]
    assert len(texts) == 3
    assert not any(text in divided.stdout + divided.stderr for text in texts)
    shown = keystore("check", setting=f"local:{file}?shares={shares}")
    assert "2 of 3 shares" in shown.stdout


def test_a_mistyped_share_is_named_for_programs_too(folder: Path, setting: str) -> None:
    shares = folder / "shares"
    division = ("--threshold", "2", "--shares", "3", "--to-folder", str(shares), "--json")
    divided = said(keystore("split", *division, setting=setting))
    assert divided == {"key_store": f"local:{folder}/keystore.json?shares=FOLDER"}
    wrong = min(shares.iterdir())
    wrong.write_text("bz_share_nonsense")
    shared = f"local:{folder}/keystore.json?shares={shares}"
    answer = keystore("check", "--json", setting=shared)
    assert answer.returncode == 1
    event = json.loads(answer.stderr)
    assert event["code"] == "KEY_STORE_UNUSABLE"
    assert f"{wrong.name} is no share" in event["problem"]


def test_a_lost_keystore_of_the_config_file_is_told(folder: Path, setting: str) -> None:
    config = folder / "bezant.toml"
    config.write_text(f"key_store = '{setting}'\n")
    (folder / "keystore.json").unlink()
    answer = subprocess.run(
        [*COMMAND, "vault", "keystore", "status", "--config", str(config)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert f"The keystore {folder}/keystore.json is gone" in answer.stderr


def test_settings_and_options_that_cannot_be_used_are_told(folder: Path) -> None:
    quoted = keystore("status", setting="local:/k?passphrase=hunter2")
    assert quoted.returncode == 1
    assert "names passphrase_file, keyring or shares" in quoted.stderr
    assert "hunter2" not in quoted.stderr
    neither = keystore("rotate-passphrase", "--data-dir", str(folder / "data"))
    assert neither.returncode == 2
    assert "--to-keyring" in neither.stderr
