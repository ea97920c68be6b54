"""What a product costs: the terms of a price and its life from creation to archive."""
