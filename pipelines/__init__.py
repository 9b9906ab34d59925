"""Input in tf.data: sources, masks, and decoding, views and batches of every modality."""
