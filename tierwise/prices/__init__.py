"""What usages cost, by dated rows of facts."""
