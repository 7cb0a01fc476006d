"""The evaluation of given outputs."""

import keras
import numpy as np

from netconv.inference import evaluation
from netconv.inference.model_spec import as_targets


def evaluate_blocks(pairs, head, loss, names, top=()):
    """Of blocks of the outputs of a head and its targets."""
    scores, losses, rows = evaluation.scores_of(head, loss, names, top), 0.0, 0
    for outputs, y in pairs:
        scores.add(outputs, y)
        values = keras.ops.convert_to_numpy(keras.losses.get(loss)(as_targets(y, head, loss), outputs))
        losses, rows = losses + float(np.mean(values)) * len(y), rows + len(y)
    return scores.evaluation(losses / rows)
