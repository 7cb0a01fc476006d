"""Results as text, JSON and pictures. Knows no models."""
