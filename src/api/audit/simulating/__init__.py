"""Other prices tried on real history, or on usage that was never sent."""
