"""Tax rates: percentages that lines of invoices are taxed by."""
