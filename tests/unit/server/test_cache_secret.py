"""What entries of the cache are signed with: the data folder's own secret, or the operator's."""

from pathlib import Path

import pytest

from bezant.kernel.settings import Settings, SettingsError
from bezant.server.cache_secret import cache_secret
from bezant.server.embedded import DataFolder
from fixtures_servers import open_folder


def test_the_data_folders_secret_is_made_once_and_for_our_eyes_only() -> None:
    with open_folder() as folder, DataFolder(folder / "data") as data:
        secret = cache_secret(Settings(), data)
        assert len(bytes.fromhex(secret)) == 32
        assert cache_secret(Settings(), data) == secret
        file = data.path / "cache.key"
        assert file.stat().st_mode & 0o777 == 0o600
        for damage in ("", "xyz", secret[:10]):
            file.write_text(damage)
            assert len(bytes.fromhex(cache_secret(Settings(), data))) == 32


def test_machines_with_one_secret_sign_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEZANT_CACHE_SECRET", "thirty-two characters, or some more of them")
    secrets = set()
    for _ in range(2):
        with open_folder() as folder, DataFolder(folder / "data") as data:
            secrets.add(cache_secret(Settings(), data))
            assert not (data.path / "cache.key").exists()
    assert len(secrets) == 1


def test_a_short_secret_is_refused_without_being_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BEZANT_CACHE_SECRET", "too short")
    with pytest.raises(SettingsError) as refused:
        Settings.load({"data_dir": tmp_path})
    assert "BEZANT_CACHE_SECRET" in str(refused.value)
    assert "too short" not in str(refused.value)
