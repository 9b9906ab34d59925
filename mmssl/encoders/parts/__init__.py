"""What encoders are built from, and ways to end, cut and reread them."""
