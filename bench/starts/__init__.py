"""What a command costs however little there is to do."""
