"""Self-supervised pretraining of encoders of audio, text, images, video, tables and pairs in Keras 3."""
