"""Probes of frozen features, against the untrained encoder and the raw input."""
