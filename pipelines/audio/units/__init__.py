"""Units of sound: clusters of frames, and the one that each frame of a recording is in."""
