"""What losses share: cosines and distances, checks of inputs, labeled pairs."""
