"""What every domain stands on: errors, money, clock, identifiers, database, HTTP, telemetry."""
