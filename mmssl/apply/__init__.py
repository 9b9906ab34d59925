"""What a trained run does for its user, file in and file out; one command a file."""
