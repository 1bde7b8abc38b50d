"""Currencies: exact rates, quotes that expire, conversions through positions, revaluation."""
