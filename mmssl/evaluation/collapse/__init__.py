"""Collapse diagnostics, without labels."""
