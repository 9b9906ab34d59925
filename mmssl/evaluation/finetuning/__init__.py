"""Fine-tuning an encoder on labels."""
