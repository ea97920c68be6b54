"""The read side: domain events in, rows out, queries over the rows."""
