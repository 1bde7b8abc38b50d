"""Browser sessions: who is logged in, where, and how a login comes about."""
