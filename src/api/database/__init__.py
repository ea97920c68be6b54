"""Which PostgreSQL is used, and the embedded one under our own supervisor."""
