"""Users: people who log in, and what each may do."""
