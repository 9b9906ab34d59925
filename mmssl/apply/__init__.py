"""What a trained run does for its user, files in and files out: vectors, masks, colors."""
