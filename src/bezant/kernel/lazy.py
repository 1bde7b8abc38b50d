"""Packages whose exports are imported when they are first asked for (PEP 562).

A package exports what different processes need: a command that asks for one schema would otherwise
import every service of a domain, which is most of the second that its start takes.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazily(
    package: str, names_of: Mapping[str, str], modules: Iterable[str] = ()
) -> Callable[[str], Any]:
    """A package's `__getattr__`. What type checkers see, it imports under `TYPE_CHECKING`.

    Args:
        package: its `__name__`.
        names_of: what comes from each module inside of it, written as an import writes it: `Event`,
            or `operations as feed_operations`. No name may be that of a module: as soon as anyone
            had imported the module, the name would be the module.
        modules: those that are exported as a whole.
    """
    origins = {}
    for module, names in names_of.items():
        for name in names.split(", "):
            origin, _, exported = name.partition(" as ")
            origins[exported or origin] = (f"{package}.{module}", origin)
    whole = frozenset(modules)

    def find(name: str) -> Any:  # noqa: ANN401 - as PEP 562 has it
        if name in whole:
            return import_module(f"{package}.{name}")
        if name not in origins:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, origin = origins[name]
        found = getattr(import_module(module), origin)
        setattr(sys.modules[package], name, found)  # asked for once
        return found

    return find
