"""`bezant vault keystore`, as an operator types it."""

import json
import subprocess
from pathlib import Path

import pytest

from bezant.server.embedded import DataFolder
from integration.vault.keystores.servers import private
from running_platform import COMMAND, ENVIRONMENT


def keystore(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "vault", "keystore", *arguments],
        env=ENVIRONMENT | environment,
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


def test_a_key_store_is_made_once_looked_at_and_checked(folder: Path) -> None:
    data = ("--data-dir", str(folder / "data"))
    made = keystore("create", *data)
    assert made.returncode == 0, made.stderr
    home = folder / "data/keystore"
    assert f"Made the key store {home}/keystore.json" in made.stdout
    assert f"{home}/passphrase: back up both, apart" in made.stdout
    again = keystore("create", *data)
    assert again.returncode == 1
    assert "already, and it stays" in again.stderr
    sealed = keystore("status", *data)
    assert "sealed" in sealed.stdout
    status = said(keystore("status", *data, "--json"))
    assert (status["kind"], status["current"], status["is_open"]) == ("local", "1", False)
    assert said(keystore("check", *data, "--json"))["is_open"] is True
    # The platform starts on the folder later on.
    with DataFolder(folder / "data"):
        pass
    passphrase = (home / "passphrase").read_text().strip()
    assert passphrase not in made.stdout + made.stderr + sealed.stdout


def test_a_passphrase_is_rotated_and_split_and_custodians_replaced(folder: Path) -> None:
    file, one = folder / "keystore.json", folder / "one"
    setting = f"local:{file}?passphrase_file={one}"
    said(keystore("create", "--json", BEZANT_KEY_STORE=setting))
    two = folder / "two"
    rotated = said(keystore("rotate-passphrase", "--to-file", str(two), "--json",
                            BEZANT_KEY_STORE=setting))  # fmt: skip
    assert rotated == {"key_store": f"local:{file}?passphrase_file={two}"}
    refused = keystore("check", "--key-store", setting)
    assert refused.returncode == 1
    assert "does not open the keystore" in refused.stderr
    shares = folder / "shares"
    answer = keystore("split", "--threshold", "2", "--shares", "3", "--to-folder", str(shares),
                      "--key-store", str(rotated["key_store"]))  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert f'key_store = "local:{file}?shares=FOLDER"' in answer.stdout
    texts = [path.read_text().strip() for path in shares.iterdir()]
    assert len(texts) == 3
    assert not any(text in answer.stdout + answer.stderr for text in texts)
    shared = f"local:{file}?shares={shares}"
    shown = keystore("check", "--key-store", shared)
    assert "2 of 3 shares" in shown.stdout
    min(shares.iterdir()).write_text("bz_share_nonsense")
    wrong = keystore("check", "--key-store", shared, "--json")
    assert wrong.returncode == 1
    event = json.loads(wrong.stderr)
    assert event["code"] == "KEY_STORE_UNUSABLE"
    assert "is no share" in event["problem"]


def test_a_lost_keystore_is_told_and_not_made_again(folder: Path) -> None:
    setting = f"local:{folder}/keystore.json?passphrase_file={folder}/passphrase"
    none = keystore("status", "--key-store", setting)
    assert none.returncode == 1
    assert "bezant vault keystore create" in none.stderr
    said(keystore("create", "--json", "--key-store", setting))
    (folder / "keystore.json").unlink()
    for command in ("status", "check", "create"):
        answer = keystore(command, "--key-store", setting)
        assert answer.returncode == 1
        assert "is gone" in answer.stderr


def test_settings_and_options_that_cannot_be_used_are_told(folder: Path) -> None:
    quoted = keystore("status", BEZANT_KEY_STORE="local:/k?passphrase=hunter2")
    assert quoted.returncode == 1
    assert "names passphrase_file, keyring or shares" in quoted.stderr
    assert "hunter2" not in quoted.stderr
    neither = keystore("rotate-passphrase", "--data-dir", str(folder / "data"))
    assert neither.returncode == 2
    assert "--to-keyring" in neither.stderr
    remote = keystore("rotate-passphrase", "--to-file", str(folder / "new"),
                      "--key-store", "aws-kms:alias/root")  # fmt: skip
    assert remote.returncode == 1
    assert "Only a keystore file has a passphrase" in remote.stderr
    assert not (folder / "new").exists()


def test_a_setting_of_the_config_file_is_taken(folder: Path) -> None:
    private(folder / "passphrase", "correct horse battery staple")
    config = folder / "bezant.toml"
    setting = f"local:{folder}/keystore.json?passphrase_file={folder}/passphrase"
    config.write_text(f'key_store = "{setting}"\n')
    status = said(keystore("create", "--config", str(config), "--json"))
    assert status["place"] == str(folder / "keystore.json")
    assert (folder / "keystore.json").stat().st_mode & 0o077 == 0
