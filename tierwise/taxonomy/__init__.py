"""Labels with a meaning: ids, descriptions, other names, and a place in a tree."""
