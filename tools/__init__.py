"""Checks of this repository that are run from it and are not shipped."""
