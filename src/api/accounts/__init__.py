"""Accounts and API keys at the doors: the first start, and `tallybook keys`."""
