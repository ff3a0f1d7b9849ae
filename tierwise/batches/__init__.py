"""The batch tier: questions that go to Google as jobs, and come back within a day or so."""
