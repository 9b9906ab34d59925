"""Probes of an encoder while it trains."""
