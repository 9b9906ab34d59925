"""Self-supervised pretraining of audio, text and image encoders in Keras 3."""
