"""Whether the ledger's sums hold: every identity of its invoices and its usage, from the log."""
