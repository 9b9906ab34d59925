"""Telling a collapsed embedding from a healthy one, without labels."""
