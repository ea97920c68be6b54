"""The read model of invoices."""
