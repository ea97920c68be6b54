"""Invoice items: what is billed beside a subscription's own lines, and waits for an invoice."""
