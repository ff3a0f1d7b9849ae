"""What a pipeline of one's own is built of: `from tierwise import ...`, and Beam YAML beside it."""
