"""Opens models and runs them on tables. Knows no table format."""
