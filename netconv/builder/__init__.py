"""Graph to keras.Model. Knows no single op."""
