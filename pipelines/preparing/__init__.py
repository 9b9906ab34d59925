"""Preparation of any source as TFRecord shards, on this machine or many."""
