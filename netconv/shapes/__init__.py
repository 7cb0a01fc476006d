"""Shape inference over a whole graph, in both directions. Knows no Keras."""
