"""The read model of meters."""
