"""`python -m tools.money_lint`: money is integers, so no float may stand in code that handles it.

A float is a float literal, the name `float` (a call or an annotation), or a true division, which
makes one of two integers. Seconds may be floats where their name says so: `…_s`, `…_s_max`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "src"

MONEY: Final = ("bezant/ledger", "bezant/formats", "bezant/kernel/money.py")
"""Files and folders that handle amounts, from the source folder."""

_SECONDS: Final = re.compile(r".*_s(_max|_min)?", re.IGNORECASE)


def floats(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Every float of a piece of syntax: its line, and what it is."""
    match node:
        case ast.Constant(value=float(number)):
            yield node.lineno, f"the literal {number}"
        case ast.Name(id="float"):
            yield node.lineno, "the type float"
        case ast.BinOp(op=ast.Div(), right=right) if not _is_text(right):
            yield node.lineno, f"the true division {ast.unparse(node)}"
        case ast.AugAssign(op=ast.Div()):
            yield node.lineno, f"the true division {ast.unparse(node)}"
    of_seconds = {id(part) for part in _seconds(node)}
    for child in ast.iter_child_nodes(node):
        if id(child) not in of_seconds:
            yield from floats(child)


def money_floats(source: Path) -> list[str]:
    """Every float in the money code below a source folder."""
    return [
        f"{path.relative_to(source).as_posix()}:{line}: {what} in money code"
        for path in chain.from_iterable(_files(source / name) for name in MONEY)
        for line, what in sorted(floats(ast.parse(path.read_text(encoding="utf-8"), str(path))))
    ]


def _seconds(node: ast.AST) -> Iterator[ast.AST]:
    """The direct parts of a node that belong to a name of seconds."""
    match node:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            if _is_seconds(ast.unparse(target)):
                yield from ast.iter_child_nodes(node)
        case ast.keyword(arg=str(name), value=value) if _is_seconds(name):
            yield value
        case ast.arg(arg=name, annotation=ast.expr() as annotation) if _is_seconds(name):
            yield annotation
        case ast.arguments(args=positional, kwonlyargs=named):
            defaults = zip(reversed(positional), reversed(node.defaults), strict=False)
            pairs = chain(defaults, zip(named, node.kw_defaults, strict=True))
            yield from (value for name, value in pairs if value and _is_seconds(name.arg))
        case ast.FunctionDef(name=name, returns=ast.expr() as returns) if _is_seconds(name):
            yield returns


def _is_seconds(name: str) -> bool:
    return _SECONDS.fullmatch(name) is not None


def _is_text(node: ast.expr) -> bool:
    """Whether the right side of `/` is a text, so that it joins paths."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def main() -> int:
    """Print what is found; 1 when there is something."""
    findings = money_floats(SOURCE)
    sys.stdout.writelines(f"{finding}\n" for finding in findings or ["No float in money code."])
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
