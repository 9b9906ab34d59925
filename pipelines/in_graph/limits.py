"""How large a file may be that is decoded in TensorFlow alone."""

MOST_PIXELS = 50_000_000  # of a picture: 150 MB
