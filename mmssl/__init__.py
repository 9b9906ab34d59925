"""Self-supervised pretraining of encoders of sound, text, pictures, video, tables and pairs."""
