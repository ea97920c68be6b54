"""Verifying read models: every row, held against what the log leads to."""
