"""What is scheduled is what images come to: the same archive as theirs."""

from tests.tierwise.answering.conftest import archive, outcomes_of, spent_on, values_of

__all__ = ["archive", "outcomes_of", "spent_on", "values_of"]
