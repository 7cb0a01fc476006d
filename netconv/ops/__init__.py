"""The translations, one family a file. A family knows Keras and the registry; never `build`, never another family."""
