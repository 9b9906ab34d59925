"""How well held-out halves find each other, and what a report shows of it."""

import math

import numpy as np

from mmssl.methods.bases.captioned import captioned_sheet
from mmssl.methods.bases.held_out_images import spread_out

AT = (1, 5, 10)  # places among which a match is looked for
SHOWN, NEAREST = 8, 3


def figures_of(method, data):
    """Retrieves the halves of held-out pairs by each other, both ways.

    Args:
        method: mmssl.methods.bases.Towers.
        data: mmssl.pipelines.pairs.Pairs over the held-out pairs, of which 2,048 spread evenly are
            used if there are more.

    Returns:
        dict: for sides such as image and text, and k of 1, 5 and 10, `image_to_text_r<k>`, the
        share of images with a match among the k nearest texts, ties counted against it, and
        `image_to_text_chance_r<k>`, that of a random order; the same for text_to_image; and where
        the pairs have labels and a side reads texts, `zero_shot_accuracy` beside
        `zero_shot_chance`, one over the classes.
    """
    data = data.on(spread_out(data.source)).prepare_all()
    vectors, matches = _embedded(method, data), _matches(data)
    (first, second), found = method.sides, {}
    cosines = vectors[first] @ vectors[second].T
    for name, scores, right in (
        (f"{first}_to_{second}", cosines, matches),
        (f"{second}_to_{first}", cosines.T, matches.T),
    ):
        ranks = ranks_of(scores, right)
        for k in AT:
            found[f"{name}_r{k}"] = float(np.mean(ranks <= k))
            found[f"{name}_chance_r{k}"] = chance(right, k)
    return found | _zero_shot(method, data, vectors)


def ranks_of(scores, right):
    """Ranks the best match of each query, from 1; what is level with it comes before it.

    Args:
        scores: float array (Q, K), of queries and keys.
        right: bool array (Q, K), the matches, at least one each.

    Returns:
        int array (Q,).
    """
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    return 1 + np.sum(~right & (scores >= best), axis=1)


def chance(right, k):
    """Computes how often a random order has a match among its first k.

    Args:
        right: bool array (Q, K), the matches.
        k: int.

    Returns:
        float in [0, 1].
    """
    keys, counts = right.shape[1], right.sum(axis=1)
    missed = {
        count: math.comb(keys - count, k) / math.comb(keys, k) if k <= keys else 0.0
        for count in set(counts.tolist())
    }
    return 1.0 - float(np.mean([missed[count] for count in counts.tolist()]))


def class_vectors(embed, names, prompts):
    """Embeds classes by their names: each text at unit length, averaged, and again at unit length.

    Args:
        embed: function of a list of str to their unit vectors, float32 (N, D).
        names: list (C,) of str.
        prompts: templates with {} in place of a name.

    Returns:
        float32 array (C, D) of unit vectors.
    """
    vectors = embed([prompt.replace("{}", name) for name in names for prompt in prompts])
    rows = vectors.reshape(len(names), len(prompts), -1).mean(axis=1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def nearest_sheet(method, data):
    """Draws some halves of the first side beside the three nearest of the second.

    Returns:
        (title, caption, uint8 (H, W, 3)).
    """
    data = data.on(spread_out(data.source)).prepare_all()
    vectors, matches = _embedded(method, data), _matches(data)
    first, second = method.sides
    shown = np.linspace(0, len(matches) - 1, min(SHOWN, len(matches))).astype(int)
    cosines = vectors[first][shown] @ vectors[second].T
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
    rows = [
        (
            data.preview_of(first, item),
            [
                (data.preview_of(second, other), bool(matches[item, other]))
                for other in others.tolist()
            ],
        )
        for item, others in zip(shown.tolist(), nearest, strict=True)
    ]
    right = np.mean([matches[item, others[0]] for item, others in zip(shown, nearest, strict=True)])
    caption = (
        f"Each {first} with the {NEAREST} nearest of {len(matches[0])} held-out {second} halves, "
        f"its own in green. The nearest is right in {right:.0%} of those shown."
    )
    return f"Nearest {second}", caption, captioned_sheet(rows)


def _embedded(method, data):
    return {side: method.embed_side(side, data.examples_of(side)) for side in method.sides}


def _matches(data):
    """Returns which items of both sides belong together, bool (items, items)."""
    pairs, (first, second) = {}, data.sides
    counts = [len(side.items) for side in data.sides.values()]
    right = np.zeros(counts, bool)
    for pair, item in zip(*data.matches(first), strict=True):
        pairs.setdefault(pair, []).append(item)
    for pair, item in zip(*data.matches(second), strict=True):
        right[pairs[pair], item] = True
    return right


def _zero_shot(method, data, vectors):
    """Classifies items by the names of the labels, where there are some and a side reads texts."""
    labels, texts = data.items.columns.get("label", data.items.labels), data.text_side
    if labels is None or texts is None or len(set(labels) - {""}) < 2:
        return {}
    other = next(side for side in method.sides if side != texts)
    names = sorted(set(labels) - {""})
    classes = class_vectors(
        lambda written: method.embed_side(texts, data.encode_texts(written)), names, data.prompts
    )
    pairs, items = data.matches(other)
    labeled = labels[pairs] != ""
    guesses = np.argmax(vectors[other][items[labeled]] @ classes.T, axis=1)
    hits = np.array(names)[guesses] == labels[pairs][labeled]
    return {"zero_shot_accuracy": float(np.mean(hits)), "zero_shot_chance": 1 / len(names)}
