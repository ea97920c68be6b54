"""Recomputing from the log alone what was billed."""
