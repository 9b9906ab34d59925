"""The training of a run: steps, checkpoints, progress, and what follows the last step."""
