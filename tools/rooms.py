"""`python -m tools.rooms`: outsiders import only what a package's `__init__` exports.

A room is a domain (`bezant.ledger`), or one part of a shelf of independent parts, such as
`bezant.kernel.database`. Its inside is its own: a name that is not in the room's `__all__` may
change without anyone else looking. A module that a room exports, such as its `schemas`, is open as
a whole. Which room may know which is import-linter's part (`lint-imports`).
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "src"
ROOT: Final = "bezant"

SHELVES: Final = {"kernel", "formats", "identity", "server", "cli"}
"""Packages that hold parts rather than being one: each part is a room."""


def trespasses(source: Path) -> list[str]:
    """Every import below a source folder that reaches into a room from outside."""
    return [
        f"{path.relative_to(source).as_posix()}:{line}: {what}"
        for path in sorted((source / ROOT).rglob("*.py"))
        for line, what in _trespasses(source, path)
    ]


def _trespasses(source: Path, path: Path) -> Iterator[tuple[int, str]]:
    importer = path.relative_to(source).with_suffix("").parts
    imports: list[tuple[str, str | None]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        match node:
            case ast.Import(names=names):
                imports = [(alias.name, None) for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                above = importer[: len(importer) - level] if level else ()
                target = ".".join((*above, module) if module else above)
                imports = [(target, alias.name) for alias in names]
            case _:
                continue
        reasons = (_reason(source, importer, module, name) for module, name in imports)
        yield from ((node.lineno, reason) for reason in dict.fromkeys(reasons) if reason)


def _reason(source: Path, importer: tuple[str, ...], module: str, name: str | None) -> str | None:
    """Why an import may not be; None when it may."""
    parts = tuple(module.split("."))
    if parts[0] != ROOT:
        return None
    # `from bezant.kernel import database` names the room by its last part.
    if name is not None and _is_module(source, (*parts, name)):
        parts, name = (*parts, name), None
    room = parts[: 3 if parts[1:2] and parts[1] in SHELVES else 2]
    if importer[: len(room)] == room:
        return None
    exports = _exports(source, room)
    inner = parts[len(room) :]
    if inner:
        is_open = len(inner) == 1 and inner[0] in exports
        return None if is_open else f"{'.'.join(parts)} is inside the room {'.'.join(room)}"
    if name is not None and exports and name not in exports:
        return f"{'.'.join(room)} does not export {name}"
    if name is not None and name.startswith("_"):
        return f"{'.'.join(room)} keeps {name} to itself"
    return None


def _is_module(source: Path, parts: tuple[str, ...]) -> bool:
    path = source.joinpath(*parts)
    return path.is_dir() or path.with_suffix(".py").is_file()


def _exports(source: Path, room: tuple[str, ...]) -> set[str]:
    """What the room's `__all__` names; empty for a room that is one module."""
    init = source.joinpath(*room, "__init__.py")
    if not init.is_file():
        return set()
    for node in ast.parse(init.read_text(encoding="utf-8"), str(init)).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=names):
                return set(ast.literal_eval(names))
    return set()


def main() -> int:
    """Print what is found; 1 when there is something."""
    findings = trespasses(SOURCE)
    fine = "Every room is entered by its door."
    sys.stdout.writelines(f"{finding}\n" for finding in findings or [fine])
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
