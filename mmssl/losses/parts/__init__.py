"""Shared by the losses: similarities and distances, input validation, labeled pairs."""
