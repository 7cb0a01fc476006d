"""Files to rows and columns. Knows no net and no Keras."""
