"""Models trained on tables. Knows no table format."""
