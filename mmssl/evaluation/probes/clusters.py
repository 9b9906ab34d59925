"""How much clusters say of labels, those that a run has learned and those of its embeddings."""

from sklearn.cluster import KMeans
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from mmssl.evaluation.probes.features import embed_source
from mmssl.methods.bases import Clusters
from mmssl.methods.bases.clusters import label_information
from mmssl.methods.bases.whitened_features import fit_whitening
from mmssl.runs.classes import imported

COMPONENTS = 256  # of the embeddings that are clustered, at most
STARTS = 3


def cluster_figures(run, source, seed=0):
    """Measures the clusters of a run against labels, and those of its encoder before and after.

    Embeddings are whitened, scaled to unit length and clustered by k-means into as many clusters as
    the run has; nothing is fitted to the labels.

    Args:
        run: Run.
        source: Source with labels.
        seed: of k-means.

    Returns:
        dict of normalized mutual information with the labels: `assigned_nmi` of the run's own
        clusters, `encoder_nmi` and `untrained_nmi` of those of embeddings; and `clusters`, their
        number. Empty for runs without clusters.

    Raises:
        ValueError: the run has no checkpoint any more.
    """
    if not issubclass(imported(run.config["method"]["class_path"]), Clusters):
        return {}
    method = run.method()
    count = min(method.num_clusters, len(source))
    assigned, _ = method.assign(run.data, source)
    figures = {"clusters": count, "assigned_nmi": label_information(assigned, source.labels)}
    for name in ("encoder", "untrained"):
        rows = embed_source(getattr(run, name), run.data, source)
        figures[f"{name}_nmi"] = label_information(clustered(rows, count, seed), source.labels)
    return figures


def clustered(embeddings, count, seed=0):
    """Clusters whitened embeddings, int array (N,).

    Args:
        embeddings: float32 array (N, D).
        count: number of clusters, at most N.
        seed: of k-means.
    """
    mean, kernel = fit_whitening(embeddings, min(COMPONENTS, embeddings.shape[1]))
    with threadpool_limits(1):
        kmeans = KMeans(count, n_init=STARTS, random_state=seed)
        return kmeans.fit_predict(normalize((embeddings - mean) @ kernel))
