"""Meter events: usage as it was reported, recorded exactly once, and what was cancelled of it."""
