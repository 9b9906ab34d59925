"""Applications of a trained run, from files to files; one file per command."""
