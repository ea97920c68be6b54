"""Routes and commands of late usage."""
