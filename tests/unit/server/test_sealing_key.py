"""The server's sealing key: made once, kept closed, and missed when it is damaged."""

from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import SecretStr

from bezant.kernel.settings import Settings, SettingsError
from bezant.server.embedded import DataFolder
from bezant.server.errors import SealingKeyUnusable
from bezant.server.sealing_key import sealing_key
from fixtures_servers import open_folder

KEY = b64encode(bytes(range(32))).decode()


def test_a_key_is_made_at_the_first_start_and_stays() -> None:
    with open_folder() as parent, DataFolder(parent / "data") as data:
        settings = Settings(data_dir=data.path)
        first = sealing_key(settings, data)
        assert sealing_key(settings, data) == first
        assert (data.path / "sealing.key").stat().st_mode & 0o777 == 0o600


def test_a_key_of_the_settings_is_used_and_not_written_down() -> None:
    with open_folder() as parent, DataFolder(parent / "data") as data:
        settings = Settings(data_dir=data.path, sealing_key=SecretStr(KEY))
        assert sealing_key(settings, data) == KEY
        assert not (data.path / "sealing.key").exists()
        assert KEY not in repr(settings)


@pytest.mark.parametrize("content", ["", "AAAA", "no base64!", KEY + KEY])
def test_a_damaged_file_keeps_the_platform_from_starting(content: str) -> None:
    with open_folder() as parent, DataFolder(parent / "data") as data:
        (data.path / "sealing.key").write_text(content)
        with pytest.raises(SealingKeyUnusable) as refused:
            sealing_key(Settings(data_dir=data.path), data)
        assert "sealing.key" in str(refused.value)
        assert not content or content not in str(refused.value)


@pytest.mark.parametrize("text", ["AAAA", "no base64!"])
def test_a_setting_that_is_no_key_is_named_and_not_quoted(text: str, tmp_path: Path) -> None:
    (tmp_path / "bezant_sealing_key").write_text(text)
    with pytest.raises(SettingsError, match=r"sealing_key \(BEZANT_SEALING_KEY\)") as refused:
        Settings.load({"data_dir": tmp_path, "secrets_dir": tmp_path})
    assert text not in str(refused.value)


@pytest.mark.parametrize("name", ["BEZANT_SEALING_KEY", "bezant_sealing_key"])
def test_the_environment_is_no_place_for_a_key(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, KEY)
    with pytest.raises(SettingsError, match="a file bezant_sealing_key of secrets_dir") as refused:
        Settings.load({"data_dir": tmp_path})
    assert KEY not in str(refused.value)
    monkeypatch.delenv(name)
    (tmp_path / "bezant_sealing_key").write_text(KEY)
    settings = Settings.load({"data_dir": tmp_path, "secrets_dir": tmp_path})
    assert settings.sealing_key is not None
    assert settings.sealing_key.get_secret_value() == KEY
