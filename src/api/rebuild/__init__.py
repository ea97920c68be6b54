"""Projections on the command line: how far they are, and building them anew."""
