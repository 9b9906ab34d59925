"""The whitening of a run, computed when it has ended."""

import numpy as np

from mmssl.evaluation.probes.features import Embedder
from mmssl.evaluation.whitening.choice import choose
from mmssl.evaluation.whitening.fit import fit_whitening, shrinkage
from mmssl.evaluation.whitening.moments import Moments
from mmssl.runs.whitening import About, write_whitening

ITEMS = 10_000  # the mean of so many is known to a hundredth of a standard deviation


def whiten_run(run, seed=0, progress=None):
    """Computes the whitening of a run's embedding and keeps it in the run folder.

    The items that the run was trained on are embedded once, as `mmssl embed` does, without their
    labels; the memory is that of a covariance. A run whose recipe does not ask for a whitening, or
    that has one, stays as it is.

    Args:
        run: Run that has ended.
        seed: of the draw of 10,000 items, where there are more.
        progress: None or function (items done, total items).

    Raises:
        ValueError: the data that the run was trained on are gone or have changed, or embeddings are
            not finite.
    """
    if not run.asks_to_whiten or run.files.whitening.exists() or run.step is not None:
        return
    moments = _moments(run, _drawn(run.data.prepare(run.folder).items, seed), progress)
    asked = run.config["probe"]
    whitening = fit_whitening(moments, asked.get("components"))
    used, why = choose(moments, whitening)
    if asked["whiten"] == "pca" and whitening is not None:
        used, why = True, "probe.whiten is pca"
    about = About(run.layer, used, why, moments.count, shrinkage(moments))
    write_whitening(run.files.whitening, whitening, about)


def _drawn(items, seed):
    chosen = np.random.default_rng(seed).permutation(len(items))[:ITEMS]
    return items.select(np.sort(chosen))


def _moments(run, items, progress):
    embedder, moments = Embedder(run.encoder, run.layer), Moments()
    for _, embedded in embedder.numbered(run.data, items):
        vectors = embedded["embedding"]
        if not np.isfinite(vectors).all():
            raise ValueError("the encoder returns NaN or infinity for items that it trained on")
        moments.add(vectors)
        if progress is not None:
            progress(moments.count, len(items))
    return moments
