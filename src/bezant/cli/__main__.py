"""`python -m bezant.cli`, where the `bezant` command is not installed."""

from bezant.cli import main

main()
