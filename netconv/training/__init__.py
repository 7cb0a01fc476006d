"""Trains models on tables. Must not know table formats or graphs."""
