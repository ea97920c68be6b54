"""Accounts, the ledgers each of them has, and the API keys that open a ledger."""
