"""What turns encoded files and strings into the inputs of an encoder, in TensorFlow alone."""
