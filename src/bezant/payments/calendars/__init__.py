"""Calendars that payment schemes settle by."""
