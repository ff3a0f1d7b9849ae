"""How much damage to files goes unnoticed, by format and compression."""
