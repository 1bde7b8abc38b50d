"""Sealed fields: how their values are brought into one form before they are looked up."""
