"""The write side: commands in, domain events out."""
