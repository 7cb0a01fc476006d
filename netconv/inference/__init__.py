"""Opens models, evaluates them and predicts on tables. Must not know table formats or graphs."""
