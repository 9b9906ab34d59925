"""The accuracy of probes on the embeddings of two forms of an encoder."""

from mmssl.evaluation.probes.features import Features
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.registry import DEFAULT, get_probes
from mmssl.evaluation.probes.splits import Split, check_split, stratified

ITEMS = 1000  # of each part: a point of accuracy is ten items


def probe_both(data, forms, seed=0, whitened=False):
    """Probes forms of one encoder, with kNN and a linear layer, on the labels of a run's own data.

    Args:
        data: `Pipeline` of the run.
        forms: Dict from a name to a function (source, stage) -> float32 (N, D), the embeddings of
            the items of a source; `stage` says what they are for.
        seed: Of the split, if the data have none, and of the draw of 1,000 items of each part.
        whitened: Whether the embeddings are whitened; the linear layer then takes them as they
            are, as `evaluate` does.

    Returns:
        Dict of JSON values: each name with the test accuracies `knn` and `linear`, and `n_train`,
        `n_test`, the numbers of items. If there are no labels to probe with, only `missing`, the
        reason.
    """
    try:
        _, split = LabeledData().or_own(data).open(data, seed)
        if split is None:
            return {"missing": "the data that the run was trained on have no labels"}
        check_split(split)
    except ValueError as error:
        return {"missing": str(error)}
    train, test = (_some(part, seed) for part in (split.train, split.test))
    split = Split(train, test, None, split.description)
    scores = {
        name: _score(vectors, name, split, seed, not whitened) for name, vectors in forms.items()
    }
    return scores | {"n_train": len(train), "n_test": len(test)}


def _some(source, seed):
    drawn, _ = stratified(source.labels, 0.0, seed, ITEMS)
    return source.select(drawn)


def _score(vectors, name, split, seed, standardize):
    parts = [vectors(part, f"{name} for the probe") for part in (split.train, split.test)]
    features, scores = Features(parts, name, standardize), {}
    for probe in get_probes(DEFAULT):
        scores |= probe.score(features, split, seed)
    return {probe: scores[probe] for probe in DEFAULT}
