"""Products: what is sold. Prices say what it costs."""
