"""Signed checkpoints of a ledger's tree, recorded in its own log."""
