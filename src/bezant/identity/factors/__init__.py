"""Factors: passwords, passkeys, codes and devices."""
