"""The same folders once more; `tests/contract/` runs every method through the same tests."""
