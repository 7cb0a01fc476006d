"""MXNet's ops: a module for each family (schema, traits, shape rule and translation of each op), and their registry."""
