"""Evidence of one invoice that an outsider can check with nothing but Python."""
