"""What would have been billed under other prices. Nothing is written."""
