"""The page for people: from a finished run's tables to one HTML file. Pure: reads no file."""
