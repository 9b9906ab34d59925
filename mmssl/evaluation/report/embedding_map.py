"""A two-dimensional map of embeddings."""

from collections import Counter

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from mmssl.evaluation.report import figures, page

# Colors of the most frequent classes; readable on light and dark backgrounds, none of them gray.
PALETTE = (
    *("#3f7fd4", "#e6863b", "#3da34d", "#d8414f", "#9a5fd0", "#a0703f", "#e468b5", "#1fb0c4"),
    *("#b3a81f", "#6f6ff0", "#7fbf3f", "#b5347a", "#e0a800", "#2c9c86", "#ff8f8f", "#c98af0"),
)
COMPONENTS, PERPLEXITY, MIN_ITEMS = 50, 30.0, 20
START = 1e-4  # standard deviation of the points before t-SNE
EQUAL = 1e-6  # of unit-length embeddings: no more than the rounding of float32


def embedding_map(embeddings, labels=None, seed=0):
    """Plots embeddings in two dimensions, colored by label, with a legend below.

    Args:
        embeddings: array (N, D).
        labels: array (N,) of str, or None.
        seed: of t-SNE.

    Returns:
        str, HTML.
    """
    points, how = project(embeddings, seed)
    colors, entries = label_colors(labels, len(points))
    return (
        f'<figure class="map" role="img" aria-label="map">{figures.scatter(points, colors)}'
        f"<figcaption>{len(points)} items, {how}.</figcaption></figure>{page.legend(entries)}"
    )


def project(embeddings, seed=0):
    """Projects unit-length embeddings to two dimensions: principal components, then t-SNE.

    Args:
        embeddings: array (N, D), N at least 2.
        seed: of t-SNE.

    Returns:
        pair of floats (N, 2) and the name of the method, str. Fewer than 20 embeddings are
        projected onto their principal components only, and equal ones onto a single point.

    Reference:
        van der Maaten, Hinton 2008, Visualizing data using t-SNE.
    """
    unit = normalize(np.asarray(embeddings, np.float64))
    if np.ptp(unit, axis=0).max() < EQUAL:
        return np.zeros((len(unit), 2)), "all equal"
    count = min(COMPONENTS, *unit.shape)
    with threadpool_limits(1):
        components = PCA(count, random_state=seed).fit_transform(unit).astype(np.float32)
        plane = np.pad(components, ((0, 0), (0, 2)))[:, :2]
        if len(unit) < MIN_ITEMS:
            return plane, "principal components"
        perplexity = min(PERPLEXITY, (len(unit) - 1) / 3)
        # What `init="pca"` does, which needs two dimensions and divides equal ones by zero.
        start = START * plane / plane[:, 0].std()
        tsne = TSNE(perplexity=perplexity, init=start, random_state=seed)
        return tsne.fit_transform(components), "t-SNE"


def label_colors(labels, count):
    """Assigns a color to each of the most frequent classes, and gray to the others.

    Args:
        labels: array (N,) of str, or None.
        count: N.

    Returns:
        pair of N CSS colors and legend entries (color, text).
    """
    if labels is None:
        return [figures.COLORS[0]] * count, []
    numbers = Counter(labels.tolist())
    chosen = sorted(name for name, _ in numbers.most_common(len(PALETTE)))
    colors = dict(zip(chosen, PALETTE, strict=False))
    entries = [(color, f"{name} ({numbers[name]})") for name, color in colors.items()]
    rest = len(numbers) - len(chosen)
    if rest:
        entries.append((figures.OTHER, f"{rest} other classes"))
    return [colors.get(label, figures.OTHER) for label in labels.tolist()], entries
