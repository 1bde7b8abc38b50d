"""What the repository's files may not hold, and how its locks agree with what it declares."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
FUNCTION_LINES_MAX = 70

# A tilde stands where nothing does, so that this file does not hold what it looks for.
PLACES = ["/w~ork/", "/f~arm/", "/r~oot/", "/t~mp/w/", "/t~mp/wt/", "/o~pt/"]
INDEXES = ["p~ypi.org", "python~hosted", "n~pmjs.org", "d~ebian.org", "--index~-url"]
WORDS = ["C~EO ", "sub~agent", "AI assis~tant", "language ~model", "steering ~repo"]
LEFTOVERS = ["<~<<<<<< ", ">~>>>>>> ", "PRIVATE ~KEY-----"]
FORBIDDEN = [text.replace("~", "") for text in PLACES + INDEXES + WORDS + LEFTOVERS]


def tracked() -> Iterator[Path]:
    """The files that are in the repository, or are about to be."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    yield from (ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file())


def offences(text: str) -> list[str]:
    return [forbidden for forbidden in FORBIDDEN if forbidden in text]


def test_no_file_names_a_machine_or_an_index_or_how_it_was_made() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {offence}"
        for path in tracked()
        for offence in offences(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("text", FORBIDDEN)
def test_each_forbidden_text_is_seen(text: str) -> None:
    assert offences(f"see {text}x") == [text]
    assert offences("homework, a farmer, /var/lib, an index, a PUBLIC KEY") == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in tracked()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert long == []


def pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """A lock's packages: version and hashes by name."""
    entries = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    found = {}
    for entry in entries:
        if entry and not entry.startswith("#"):
            requirement, *hashes = entry.split("--hash=")
            package, _, version = requirement.split(";")[0].strip().partition("==")
            found[package] = (version.strip(), hashes)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_by_hash(name: str) -> None:
    assert all(
        version and hashes and all(digest.startswith("sha256:") for digest in hashes)
        for version, hashes in pins(name).values()
    )


def test_the_development_lock_holds_the_other_one_whole() -> None:
    development = pins("requirements-dev.lock")
    assert {name: development.get(name) for name in pins("requirements.lock")} == pins(
        "requirements.lock"
    )


def unmet(requirements: list[str], lock: str) -> list[str]:
    """The requirements that a lock does not meet."""
    locked = pins(lock)
    return [
        text
        for text in requirements
        for requirement in [Requirement(text)]
        if (pin := locked.get(canonicalize_name(requirement.name))) is None
        or pin[0] not in requirement.specifier
    ]


def test_the_locks_meet_what_the_project_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    build = declared["build-system"]["requires"]
    project = declared["project"]
    assert declared["dependency-groups"]["build"] == build
    assert unmet(project["dependencies"] + build, "requirements.lock") == []
    extras = project["optional-dependencies"]
    [ours] = [text for text in extras["dev"] if Requirement(text).name == project["name"]]
    assert Requirement(ours).extras | {"dev"} == set(extras)
    outside = [text for texts in extras.values() for text in texts if text != ours]
    assert unmet(outside, "requirements-dev.lock") == []


def test_a_requirement_that_a_lock_misses_is_seen() -> None:
    wrong = ["hatchling>=1000", "no-such-package"]
    assert unmet(wrong, "requirements.lock") == wrong
