"""Tables, metrics and page put in place once they are whole."""
