"""How local commands find the platform."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bezant.server import endpoint
from bezant.server.embedded import DataFolder
from bezant.server.endpoint import Endpoint
from bezant.server.errors import NoLocalKey, NotRunning
from fixtures_servers import open_folder


@pytest.fixture
def data() -> Iterator[DataFolder]:
    with open_folder() as parent, DataFolder(parent / "data") as data:
        yield data


@pytest.fixture
def running(data: DataFolder) -> Endpoint:
    running = Endpoint(
        url="https://localhost:8443",
        mtls_url="https://localhost:8445",
        ca="/data/tls/ca.pem",
        pid=os.getpid(),
        database_url="postgresql://bezant_app:hunter2@/bezant?host=/run",
        owner_url=None,
        cache_url="unix:///run/valkey.sock?password=hunter2",
    )
    endpoint.write(data, running)
    return running


def test_what_is_written_is_read_again(data: DataFolder, running: Endpoint) -> None:
    assert endpoint.read(data.path) == running


def test_its_passwords_are_for_its_own_user_and_never_for_logs(
    data: DataFolder, running: Endpoint
) -> None:
    assert stat.S_IMODE((data.path / "endpoint.json").stat().st_mode) == 0o600
    assert "hunter2" not in f"{running!r} {running}"


def test_nothing_runs_after_it_was_removed(data: DataFolder, running: Endpoint) -> None:
    assert endpoint.read(data.path) == running
    endpoint.remove(data)
    with pytest.raises(NotRunning, match="bezant up"):
        endpoint.read(data.path)


def test_what_a_killed_platform_left_behind_is_not_believed(
    data: DataFolder, running: Endpoint
) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    endpoint.write(data, msgspec.structs.replace(running, pid=child))
    with pytest.raises(NotRunning):
        endpoint.read(data.path)


def test_garbage_is_no_endpoint(data: DataFolder) -> None:
    (data.path / "endpoint.json").write_text('{"url": 1}')
    with pytest.raises(NotRunning):
        endpoint.read(data.path)


def test_a_local_command_takes_all_it_needs_from_the_folder(
    data: DataFolder, running: Endpoint
) -> None:
    endpoint.write_local_key(data, "bz_key")
    access = endpoint.access(data.path, {})
    assert (access.url, access.ca, access.api_key) == (running.url, running.ca, "bz_key")
    assert stat.S_IMODE((data.path / "cli.key").stat().st_mode) == 0o600


def test_the_environment_comes_before_the_folder(data: DataFolder, running: Endpoint) -> None:
    endpoint.write_local_key(data, "bz_key")
    elsewhere = {"BEZANT_URL": "https://bank.example/", "BEZANT_CA": "/ca", "BEZANT_API_KEY": "bz"}
    access = endpoint.access(Path("/nowhere"), elsewhere)
    assert (access.url, access.ca, access.api_key) == ("https://bank.example", "/ca", "bz")
    access = endpoint.access(data.path, {"BEZANT_API_KEY": "bz"})
    assert (access.url, access.ca, access.api_key) == (running.url, running.ca, "bz")


def test_the_authority_of_this_machine_is_not_trusted_for_another_one(
    data: DataFolder, running: Endpoint
) -> None:
    assert running.ca is not None
    endpoint.write_local_key(data, "bz_key")
    assert endpoint.access(data.path, {"BEZANT_URL": "https://bank.example"}).ca is None


@pytest.mark.usefixtures("running")
def test_a_folder_without_a_key_says_how_to_get_one(data: DataFolder) -> None:
    with pytest.raises(NoLocalKey, match="BEZANT_API_KEY"):
        endpoint.access(data.path, {})
