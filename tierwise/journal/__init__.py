"""The folder that remembers: paid answers, runs, leases and shares of a limit."""
