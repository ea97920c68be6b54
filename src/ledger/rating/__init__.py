"""What a quantity costs under the terms of a price: pure, exact, and explained step by step."""
