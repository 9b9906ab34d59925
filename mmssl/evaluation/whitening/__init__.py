"""Whitening of embeddings: computed from unlabelled items when a run ends."""
