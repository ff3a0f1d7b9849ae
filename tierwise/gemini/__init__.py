"""The wire: the only room that knows Google's protocol."""
