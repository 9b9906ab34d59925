"""Pipelines hold no state of Keras, whose clearing would take most of the tests' time."""

import pytest


@pytest.fixture(autouse=True)
def _same_seed_and_policy():
    """Takes the place of the fixture for tests of models."""
