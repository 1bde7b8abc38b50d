import os
import re
from pathlib import Path

import pytest

from bezant.kernel.settings import Settings, SettingsError, default_data_dir

SAFE = "postgresql://app:hunter2@db.example/bezant?sslmode=verify-full"
PLAIN = "postgresql://app:hunter2@127.0.0.1/bezant"


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("BEZANT_"):
            monkeypatch.delenv(name)


def problems_of(**given: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(given)
    return caught.value.problems


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.load()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8443, 1)
    assert settings.database_url is None


def test_the_command_line_wins_over_the_environment_over_secrets_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, secrets = tmp_path / "bezant.toml", tmp_path / "secrets"
    config.write_text('host = "file"\nport = 1\nworkers = 1\nlog_format = "json"\n')
    secrets.mkdir()
    for name, value in (("host", "secret"), ("port", "2"), ("workers", "2")):
        (secrets / f"bezant_{name}").write_text(value)
    monkeypatch.setenv("BEZANT_CONFIG", str(config))
    monkeypatch.setenv("BEZANT_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("BEZANT_HOST", "environment")
    monkeypatch.setenv("BEZANT_PORT", "3")
    settings = Settings.load({"host": "command line", "port": None})
    assert settings.host == "command line"
    assert settings.port == 3
    assert settings.workers == 2
    assert settings.log_format == "json"


def test_every_problem_is_named_at_once() -> None:
    problems = problems_of(
        port=70000,
        workers=0,
        database_url=PLAIN,
        cache_url="http://cache",
        tls_key="/nowhere/key.pem",
        otlp_endpoint="collector:4318",
        colour="blue",
    )
    named = [re.split("[ :]", problem)[0] for problem in problems]
    assert named == [
        "port",
        "workers",
        "database_url",
        "cache_url",
        "tls_key",
        "otlp_endpoint",
        "colour",
    ]
    assert problems[2].startswith("database_url (BEZANT_DATABASE_URL): needs sslmode=verify-full")


@pytest.mark.parametrize(
    "url",
    [
        SAFE,
        "postgres://app@db-1.example,db-2.example:5433/bezant?sslmode=verify-full",
        "postgresql://app@/bezant?host=/run/postgresql",
        "postgresql://app@%2Frun%2Fpostgresql/bezant",
    ],
)
def test_a_database_over_verified_tls_or_a_socket_is_accepted(url: str) -> None:
    loaded = Settings.load({"database_url": url}).database_url
    assert loaded is not None
    assert loaded.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app@db.example/bezant",
        "postgresql://app@db.example/bezant?sslmode=require",
        "postgresql://app@db.example/bezant?sslmode=verify-full&sslmode=disable",
        "postgresql://app@127.0.0.1,db.example/bezant",
        "postgresql://app@127.0.0.1.example/bezant",
        "postgresql://app@127.0.0.1/bezant?host=db.example",
        "postgresql://app@%2Frun,db.example/bezant",
        "postgresql:///bezant",
        "mysql://app@127.0.0.1/bezant",
        "postgresql://app@[::1/bezant",
    ],
)
def test_a_database_that_could_be_read_on_the_way_is_refused_even_with_the_loopback_flag(
    url: str,
) -> None:
    assert len(problems_of(database_url=url, allow_plaintext_loopback=True)) == 1


def test_a_replica_is_held_to_the_same_rules_as_the_database_and_of_no_use_without_one() -> None:
    assert Settings.load({"database_url": SAFE, "replica_url": SAFE}).replica_url is not None
    [problem] = problems_of(database_url=SAFE, replica_url=PLAIN)
    assert problem.startswith("replica_url (BEZANT_REPLICA_URL): needs sslmode=verify-full")
    [problem] = problems_of(replica_url=SAFE)
    assert problem.startswith("replica_url (BEZANT_REPLICA_URL): is of use only together with")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:6432", "[::1]:5432"])
def test_loopback_without_tls_needs_the_explicit_flag(host: str) -> None:
    url = f"postgresql://app@{host}/bezant"
    assert problems_of(database_url=url)
    assert Settings.load({"database_url": url, "allow_plaintext_loopback": True}).database_url


def test_an_owner_without_a_database_is_refused() -> None:
    assert problems_of(owner_url=SAFE)
    assert Settings.load({"owner_url": SAFE, "database_url": SAFE}).owner_url


@pytest.mark.parametrize("scheme", ["redis", "rediss", "unix", "memcached"])
def test_these_caches_are_accepted(scheme: str) -> None:
    assert Settings.load({"cache_url": f"{scheme}://:hunter2@cache/0"}).cache_url


def test_no_password_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load({"database_url": SAFE, "cache_url": "redis://:hunter2@cache"})
    shown = [repr(settings), str(settings), settings.model_dump_json()]
    shown += problems_of(database_url=PLAIN, cache_url="x://:hunter2@cache", hunter=1)
    config = tmp_path / "bezant.toml"
    config.write_text('database_url = "hunter2"\nhunter2 = = "hunter2"\n')
    monkeypatch.setenv("BEZANT_CONFIG", str(config))
    shown += problems_of()
    assert not [text for text in shown if "hunter2" in text]


def test_a_certificate_and_its_key_come_together(tmp_path: Path) -> None:
    pem = tmp_path / "pem"
    pem.touch()
    assert problems_of(tls_certificate=pem)
    assert problems_of(tls_key=pem)
    assert Settings.load({"tls_certificate": pem, "tls_key": pem}).tls_key == pem


@pytest.mark.parametrize("content", [None, "port = = 1", "ports = 1", b"\xff"])
def test_a_file_that_is_missing_broken_or_misspelt_is_refused(
    tmp_path: Path, content: str | bytes | None
) -> None:
    config = tmp_path / "bezant.toml"
    if content is not None:
        config.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert len(problems_of(config=config)) == 1


def test_a_missing_folder_of_secrets_is_refused(tmp_path: Path) -> None:
    assert problems_of(secrets_dir=tmp_path / "none")


def test_root_keeps_data_with_the_system_and_others_in_their_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir() == Path("/var/lib/bezant")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_data_dir() == Path("/data/bezant")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_data_dir() == Path("/home/ada/.local/share/bezant")


def test_a_user_without_a_home_is_asked_for_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert problems_of()[0].startswith("data_dir (BEZANT_DATA_DIR)")
    assert Settings.load({"data_dir": "/srv/bezant"}).data_dir == Path("/srv/bezant")


VAULT = {"database_url": SAFE, "vault_database_url": SAFE, "key_database_url": SAFE}


def test_a_vault_beside_an_outside_database_has_both_of_its_own() -> None:
    assert Settings.load(VAULT | {"key_owner_url": SAFE}).vault_database_url is not None
    # Beside the embedded one, keys may be elsewhere.
    assert Settings.load({"key_database_url": SAFE}).key_database_url is not None


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"vault_database_url": SAFE, "key_database_url": SAFE}, "together with database_url"),
        ({"database_url": SAFE, "vault_database_url": SAFE}, "keys are kept apart from data"),
        (
            {"database_url": SAFE, "key_database_url": SAFE},
            "of use only together with vault_database_url",
        ),
        ({"key_owner_url": SAFE}, "of use only together with key_database_url"),
        ({"key_database_url": PLAIN}, "needs sslmode=verify-full"),
        (VAULT | {"vault_database_url": PLAIN}, "needs sslmode=verify-full"),
        ({"vault_port": 70_000}, "vault_port"),
    ],
)
def test_half_a_vault_is_refused(given: dict[str, object], problem: str) -> None:
    problems = problems_of(**given)
    assert problem in problems[0]
    assert "hunter2" not in "".join(problems)


BANK = {
    "bic": "COBADEFFXXX",
    "tenant_id": "0198f000-0000-7000-8000-000000000001",
    "institution_id": "0198f000-0000-7000-8000-000000000002",
}
CSM = {
    "csm_url": "https://csm.example/",
    "csm_secret": "x" * 32,
    "csm_participants": [BANK],
}


def test_a_clearing_system_has_an_address_a_secret_and_participants(tmp_path: Path) -> None:
    settings = Settings.load(CSM)
    assert settings.csm_url == "https://csm.example"
    assert [each.bic for each in settings.csm_participants] == ["COBADEFFXXX"]
    assert Settings.load(CSM | {"csm_url": "http://127.0.0.1:9000"}).csm_url
    assert "x" * 32 not in repr(settings)
    config = tmp_path / "bezant.toml"
    tables = "".join(f'{name} = "{value}"\n' for name, value in BANK.items())
    config.write_text(f"[[csm_participants]]\n{tables}")
    assert Settings.load({"config": str(config)}).csm_participants == settings.csm_participants


@pytest.mark.parametrize(
    "change",
    [
        {"sandbox": True},
        {"csm_url": "http://csm.example"},
        {"csm_url": "csm.example"},
        {"csm_secret": None},
        {"csm_secret": "short"},
        {"csm_participants": None},
        {"csm_participants": [BANK | {"bic": "COBA"}]},
        {"csm_participants": [BANK | {"colour": "blue"}]},
        {"csm_authority": Path("/nowhere/ca.pem")},
        {"csm_certificate": Path("/nowhere/us.pem")},
        {"csm_certificate": Path(__file__)},
    ],
)
def test_a_clearing_system_that_is_not_wholly_set_is_refused(change: dict[str, object]) -> None:
    assert problems_of(**(CSM | change))
