"""The ops of MXNet, one family per file: schema, traits, shape rule and translation of each. A family must not know the
builder or another family."""
