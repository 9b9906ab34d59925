"""Probes of frozen features beside the untrained encoder and the raw input."""
