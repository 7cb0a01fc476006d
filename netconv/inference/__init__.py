"""Models loaded and run on tables. Knows no table format."""
