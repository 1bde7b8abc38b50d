"""Who can get in, read or change what."""

import json
import os
import pwd
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.embedded.programs import POSTGRES, VALKEY
from bezant.server.embedded.sockets import forget_sockets, socket_folder
from fixtures_servers import SeparateRun


def passwords_of(data: Path) -> dict[str, str]:
    passwords: dict[str, str] = json.loads((data / "postgres-passwords.json").read_text())
    return passwords


async def connect(data: Path, role: str, **changed: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=str(data / "run"),
        user=role,
        password=changed.get("password", passwords_of(data)[role]),
        database=changed.get("database", "bezant"),
    )


def server_pids(data: Path) -> list[int]:
    """Every process of both servers: each works in the data folder."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if (entry / "cwd").resolve(strict=True).is_relative_to(data):
                    pids.append(int(entry.name))
            except OSError:
                continue
    return pids


def listening_ports(pid: int) -> list[int]:
    """TCP ports on which a process listens, by its own view of the network (proc(5)).

    None for one that has ended: servers end helpers at any moment.
    """
    try:
        return _listening_ports(pid)
    except (FileNotFoundError, ProcessLookupError):
        return []


def _listening_ports(pid: int) -> list[int]:
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        # The one that lists them is gone by now, and a server may close one at any moment.
        with suppress(FileNotFoundError):
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    ports = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                ports.append(int(words[1].rpartition(":")[2], 16))
    return ports


def test_no_server_listens_on_the_network(
    session_data: Path, embedded_servers: EmbeddedServers
) -> None:
    assert embedded_servers.postgres.socket_dir == session_data / "run"
    with socket.create_server(("127.0.0.1", 0)) as control:
        assert control.getsockname()[1] in listening_ports(os.getpid())
    pids = server_pids(session_data)
    assert len(pids) > 2
    assert [listening_ports(pid) for pid in pids] == [[]] * len(pids)


@pytest.mark.usefixtures("embedded_servers")
async def test_only_scram_over_the_socket_is_admitted(session_data: Path) -> None:
    superuser = await connect(session_data, "bezant_superuser")
    rules = await superuser.fetch("SELECT type, auth_method, error FROM pg_hba_file_rules")
    stored = await superuser.fetch(
        "SELECT rolpassword FROM pg_authid WHERE rolcanlogin ORDER BY rolname"
    )
    await superuser.close()
    assert {tuple(rule) for rule in rules} == {("local", "scram-sha-256", None)}
    assert len(stored) == 4
    assert all(row["rolpassword"].startswith("SCRAM-SHA-256$") for row in stored)


@pytest.mark.usefixtures("embedded_servers")
@pytest.mark.parametrize("role", ["bezant_owner", "bezant_app", "bezant_vault", "bezant_superuser"])
async def test_a_wrong_password_is_refused(session_data: Path, role: str) -> None:
    await (await connect(session_data, role)).close()
    for wrong in ("", "wrong"):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await connect(session_data, role, password=wrong)


async def test_the_application_role_has_no_rights_of_its_own(
    session_data: Path, embedded_servers: EmbeddedServers
) -> None:
    application = await asyncpg.connect(embedded_servers.postgres.app_url)
    for statement in ("CREATE TABLE t ()", "CREATE TEMP TABLE t ()", "CREATE SCHEMA s"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(statement)
    await application.close()
    for role in ("bezant_app", "bezant_vault", "bezant_owner"):
        for database in ("postgres", "template1"):
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await connect(session_data, role, database=database)


async def test_valkey_wants_its_password(
    session_data: Path, embedded_servers: EmbeddedServers
) -> None:
    async with Redis.from_url(embedded_servers.valkey_url) as known:
        assert await known.ping()
    socket_path = str(session_data / "run/valkey.sock")
    once = Retry(NoBackoff(), 0)
    async with Redis(unix_socket_path=socket_path, protocol=2, retry=once) as unknown:
        # Which error depends on whether a greeting of the client or the command comes first.
        with pytest.raises(RedisError, match="Authentication required"):
            await unknown.ping()


@pytest.mark.usefixtures("embedded_servers")
def test_the_data_folder_is_closed_to_others(session_data: Path) -> None:
    is_root = os.geteuid() == 0
    assert stat.S_IMODE(session_data.stat().st_mode) == (0o710 if is_root else 0o700)
    for name, mode in (
        ("postgres-passwords.json", 0o600),
        ("keys-passwords.json", 0o600),
        ("bezant.lock", 0o600),
        ("log", 0o700),
        ("run", 0o700),
        ("postgres", 0o700),
        ("keys", 0o700),
        ("run/.s.PGSQL.5432", 0o700),
        ("run/.s.PGSQL.5433", 0o700),
        ("run/valkey.sock", 0o700),
        ("config", 0o750 if is_root else 0o700),
        ("config/pg_hba.conf", 0o640 if is_root else 0o600),
        ("config/postgresql.conf", 0o640 if is_root else 0o600),
        ("keys-config", 0o750 if is_root else 0o700),
        ("keys-config/pg_hba.conf", 0o640 if is_root else 0o600),
    ):
        assert stat.S_IMODE((session_data / name).stat().st_mode) == mode, name
    if is_root:
        # The servers' user itself: reads its configuration, and neither changes it nor reads keys.
        owners = {"postgres", "keys", "run"}
        for entry in session_data.iterdir():
            assert (entry.stat().st_uid != 0) == (entry.name in owners), entry


def test_no_password_is_in_a_log_a_command_line_or_an_environment(
    session_data: Path, embedded_servers: EmbeddedServers
) -> None:
    secrets = [*passwords_of(session_data).values(), embedded_servers.valkey_url[8:51]]
    assert all(len(secret) == 43 for secret in secrets)
    shown = [path.read_text() for path in (session_data / "log").iterdir()]
    shown += [
        Path(f"/proc/{pid}/{name}").read_text()
        for pid in server_pids(session_data)
        for name in ("cmdline", "environ")
    ]
    assert len(shown) > 10
    assert not [secret for secret in secrets for text in shown if secret in text]


async def test_statements_and_values_stay_out_of_the_log(
    session_data: Path, embedded_servers: EmbeddedServers
) -> None:
    owner = await asyncpg.connect(embedded_servers.postgres.owner_url)
    for statement in (
        "SELECT 'hunter2'::int",
        "hunter2",
        "DO $$BEGIN RAISE WARNING 'hunter2'; END$$; SELECT 1/0 AS hunter2",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute(statement)
    await owner.close()
    log = (session_data / "log/postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "hunter2" not in log


def identity(pid: int, line: str) -> set[str]:
    """The words of a line of `/proc/…/status` (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return set(next(each for each in lines if each.startswith(f"{line}:")).split()[1:])


@pytest.mark.usefixtures("embedded_servers")
def test_the_servers_have_no_way_back_to_our_user_terminal_or_environment(
    session_data: Path,
) -> None:
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    pids = server_pids(session_data)
    assert len(pids) > 2
    for pid in pids:
        # Real, effective, saved and that of the file system.
        assert identity(pid, "Uid") == {str(user.pw_uid)}
        assert identity(pid, "Gid") == {str(user.pw_gid)}
        if os.geteuid() == 0:
            assert identity(pid, "Groups") == set()
            assert identity(pid, "CapEff") == {"0" * 16}
        # Ctrl-C in our terminal must not reach them before we have drained requests.
        assert os.getsid(pid) != os.getsid(0)
        assert "HOME=" not in Path(f"/proc/{pid}/environ").read_text()
    assert "HOME=" in Path("/proc/self/environ").read_text()


def states(*folders: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode and owner of everything beneath, and of what is above."""
    found = {}
    for folder in folders:
        for path in (*folder.parents, folder, *folder.rglob("*")):
            status = path.lstat()
            found[path] = (status.st_mode, status.st_uid, status.st_gid)
    return found


def users() -> tuple[str, str]:
    return Path("/etc/passwd").read_text(), Path("/etc/group").read_text()


@pytest.fixture
def neighbour(folder: Path) -> Path:
    """A folder beside the data folder."""
    (folder / "neighbour").mkdir(mode=0o700)
    (folder / "neighbour/file").touch(mode=0o644)
    return folder / "neighbour"


@pytest.mark.usefixtures("neighbour")
async def test_no_mode_owner_or_user_outside_the_data_folder_changes(
    folder: Path, data: Path
) -> None:
    watched = [folder, *(package.installed() / package.module for package in (POSTGRES, VALKEY))]
    users_before, before = users(), states(*watched)
    with DataFolder(data) as held:
        async with EmbeddedServers(held, lambda _: None):
            pass
    after = states(*watched)
    assert {path: after[path] for path in before} == before
    assert all(path.is_relative_to(data) for path in after.keys() - before.keys())
    assert users() == users_before


async def test_where_a_path_allows_no_sockets_they_get_a_short_folder_which_goes_again(
    folder: Path,
) -> None:
    with DataFolder(folder / "Ada's ledger, 2026 \\ für alle") as data:
        async with EmbeddedServers(data, lambda _: None) as servers:
            short = servers.postgres.socket_dir
            assert not short.is_relative_to(folder)
            assert stat.S_IMODE(short.stat().st_mode) == 0o700
            await (await asyncpg.connect(servers.postgres.app_url)).close()
            async with Redis.from_url(servers.valkey_url) as cache:
                assert await cache.ping()
        assert not short.exists()


def test_the_longest_path_for_a_socket_is_used(folder: Path) -> None:
    # 107 bytes for all of it (unix(7)), of which `/run/.s.PGSQL.5432` takes 18.
    longest = 107 - 18 - len(str(folder)) - 1
    with DataFolder(folder / ("d" * longest)) as data:
        assert socket_folder(data) == data.path / "run"
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(data.path / "run/.s.PGSQL.5432"))
    with DataFolder(folder / ("d" * (longest + 1))) as data:
        short = socket_folder(data)
        assert short.parent == Path(tempfile.gettempdir())
        forget_sockets(data, short)
        assert not short.exists()


NORMAL_USER = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    # Only so that it can read this interpreter and package, which may lie in root's home.
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)


@pytest.mark.skipif(os.geteuid() != 0, reason="every test runs as a normal user then")
def test_a_normal_user_runs_the_servers_as_themselves_and_in_place(
    folder: Path, data: Path
) -> None:
    folder.chmod(0o777)
    with SeparateRun(data, prefix=NORMAL_USER) as run:
        run.ready()
        owners = {path.lstat().st_uid for path in (data, *data.rglob("*"))}
        assert owners == {pwd.getpwnam("nobody").pw_uid}
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert not (data / "programs").exists()
        status, errors = run.end()
    assert status == 0, errors
