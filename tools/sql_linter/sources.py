"""Find the SQL statements of a source tree by reading its modules, without running them."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_VERBS = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|COPY|LOCK"
    r"|LISTEN|UNLISTEN|NOTIFY|DO|CALL|SET|RESET|SHOW|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|CHECKPOINT|PREPARE"
    r"|EXECUTE|ANALYZE|VACUUM|REINDEX|CLUSTER|COMMENT|EXPLAIN|DISCARD)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Module:
    """One source file.

    Attributes:
        path: from the source folder, with forward slashes.
        name: dotted, as it is imported.
        tree: its syntax.
    """

    path: str
    name: str
    tree: ast.Module

    @property
    def is_migration(self) -> bool:
        """Whether it is a revision of a schema."""
        return re.search(r"migrations/(versions|keys)/", self.path) is not None

    @property
    def is_store(self) -> bool:
        """Whether SQL belongs here."""
        path = PurePosixPath(self.path)
        return (
            path.name == "store.py"
            or path.name.endswith("_store.py")
            or (path.name == "statements.py" and "kernel" in path.parts)
            or self.is_migration
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """One constant that holds SQL.

    Attributes:
        module: where it is.
        name: of the constant.
        line: of its assignment.
        text: its value, as written.
    """

    module: Module
    name: str
    line: int
    text: str

    @property
    def key(self) -> str:
        """How the policy names it."""
        return f"{self.module.path}:{self.name}"


class Sources:
    """The modules of a source folder, and the string constants in them."""

    def __init__(self, folder: Path) -> None:
        self.modules = [_read(folder, path) for path in sorted(folder.rglob("*.py"))]
        self._by_name = {module.name: module for module in self.modules}
        self._constants = {module.name: _assigned(module.tree) for module in self.modules}
        self._imports = {module.name: _imported(module) for module in self.modules}

    def statements(self) -> list[Statement]:
        """Every SQL constant of every store, migrations in their order."""
        return [
            Statement(module, name, node.lineno, text)
            for module in self.modules
            if module.is_store
            for name, node in self._constants[module.name].items()
            if is_constant_name(name)
            and (text := self.value(module, node)) is not None
            and _VERBS.match(text)
        ]

    def constants(self, module: Module) -> Mapping[str, ast.expr]:
        """What is assigned to names at the top of the module."""
        return self._constants[module.name]

    def origin(self, module: Module, reference: ast.expr) -> tuple[Module, str] | None:
        """Where the constant comes from that `NAME` or `module.NAME` refers to."""
        match reference:
            case ast.Name(id=name):
                return self._resolve(module.name, name)
            case ast.Attribute(value=ast.Name(id=alias), attr=name):
                target = self._imports[module.name].get(alias)
                return None if target is None else self._resolve(".".join(target), name)
        return None

    def value(self, module: Module, node: ast.expr) -> str | None:
        """The string that an expression of constants makes; None when it is not one."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                parts = [self.value(module, left), self.value(module, right)]
            case ast.JoinedStr(values=values):
                parts = [self.value(module, part) for part in values]
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self.value(module, inner)
            case ast.Name() | ast.Attribute():
                found = self.origin(module, node)
                if found is None:
                    return None
                home, name = found
                return self.value(home, self._constants[home.name][name])
            case _:
                return None
        return None if None in parts else "".join(part for part in parts if part is not None)

    def _resolve(self, module_name: str, name: str) -> tuple[Module, str] | None:
        seen: set[tuple[str, str]] = set()
        while module_name in self._by_name and (module_name, name) not in seen:
            seen.add((module_name, name))
            if name in self._constants[module_name]:
                return self._by_name[module_name], name
            target = self._imports[module_name].get(name)
            if target is None:
                return None
            module_name, name = target
        return None


def is_constant_name(name: str) -> bool:
    """Whether a name is written as a constant's."""
    return name.isupper() and name.lstrip("_")[:1].isalpha()


def is_statement(text: str) -> bool:
    """Whether a string starts as SQL does."""
    return _VERBS.match(text) is not None


def _read(folder: Path, path: Path) -> Module:
    relative = path.relative_to(folder)
    parts = relative.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(relative.as_posix(), name, ast.parse(path.read_text(encoding="utf-8"), str(path)))


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: value
        for node in tree.body
        for target, value in _targets(node)
        if isinstance(target, ast.Name)
    }


def _targets(node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value


def _imported(module: Module) -> dict[str, tuple[str, str]]:
    """Names that `from X import Y [as Z]` brings in: Z to (X, Y)."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
    }
