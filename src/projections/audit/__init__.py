"""The read models held against the log."""
