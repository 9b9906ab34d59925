"""Guides, a page a method in `docs/methods/`, and the scripts that keep both true."""
