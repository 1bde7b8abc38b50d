"""The modules in which a user comes back with a code: whatever breaks that breaks all of them."""

FLOWS: tuple[str, ...] = ()
