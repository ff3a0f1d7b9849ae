"""How often a forecast holds."""
