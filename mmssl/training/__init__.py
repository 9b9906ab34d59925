"""Training: the pretrainer, the teacher, distribution and the run."""
