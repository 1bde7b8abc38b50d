"""Fees: for a time, and for what customers do, with their VAT."""
