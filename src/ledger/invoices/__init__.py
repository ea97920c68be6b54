"""Invoices: drafted when a period closes, finalized once, and never changed after that."""
