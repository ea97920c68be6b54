"""Test clocks: a time of their own for customers of a test ledger (contract §12)."""
