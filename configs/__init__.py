"""Recipes, ready to run: a small one that fits two cores, and one of the paper's size."""
