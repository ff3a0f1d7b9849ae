"""What six questions about one archive cost apart, together, and in packs, to the nano-dollar."""
