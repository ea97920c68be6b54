"""The read models of accounts and API keys, kept under the control ledger."""
