"""Masks that several modalities share."""
