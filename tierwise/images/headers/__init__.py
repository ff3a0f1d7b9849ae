"""What files are, from their first bytes, before anything is decoded."""
