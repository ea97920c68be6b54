"""Doors to the audit: what was billed, proved again from the log alone."""
