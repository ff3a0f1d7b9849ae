"""What runs cost, counted so that totals can be added, and the tables that say so."""
