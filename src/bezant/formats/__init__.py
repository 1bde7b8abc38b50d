"""Financial message formats: pure reading and writing, without state, database or network."""
