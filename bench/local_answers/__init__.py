"""Local answers, held to what they promise."""
