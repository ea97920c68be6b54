"""Verifying a ledger: everything stored of it, held against its log."""
