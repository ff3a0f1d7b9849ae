"""What we know: no Beam, no network, no clock, no randomness of its own."""
