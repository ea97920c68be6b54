"""Wire conventions shared by every HTTP route."""
