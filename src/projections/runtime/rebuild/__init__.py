"""Versions of read models side by side: built beside the live ones, compared, switched, dropped."""
