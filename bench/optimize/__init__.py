"""What `tierwise optimize` comes to for very many pictures."""
