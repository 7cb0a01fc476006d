"""The evaluation of given outputs."""

from netconv.inference import evaluation


def evaluate_blocks(pairs, head, loss, names, top=()):
    """Of blocks of the outputs of a head and its targets."""
    scores = evaluation.scores_of(head, loss, names, top)
    for outputs, y in pairs:
        scores.add(outputs, y)
    return scores.evaluation()
