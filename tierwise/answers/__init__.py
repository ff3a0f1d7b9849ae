"""Typed answers: how Gemini is told what may come back, and how its reply is read."""
