"""What watches a run while it trains, and what that tells of it."""

from mmssl.encoders.parts.saved import read_model
from mmssl.evaluation.collapse.monitor import CollapseMonitor
from mmssl.evaluation.collapse.watched import watched_items, watched_views
from mmssl.runs.kept import ONLINE
from mmssl.training.bounds import StopOutOfBounds


def monitors(fit, method, data, batches, untrained, rows, tell):
    """Makes the callbacks that look for metrics out of bounds and for a collapse.

    Args:
        fit: Fit.
        method: Pretrainer of the run.
        data: Pipeline of the run, prepared.
        batches: tf.data.Dataset of its first batches.
        untrained: pathlib.Path of the encoder before its first step.
        rows: rows of the history so far.
        tell: function (str) that is given a warning; None for a `CollapseWarning`.

    Returns:
        list of keras.callbacks.Callback.
    """
    count = min(fit.monitor_examples, len(data.items))
    if count < 2:
        return [StopOutOfBounds()]
    pairs = watched_views(batches, method.encoder.input, count) if method.views_agree else None
    monitor = CollapseMonitor(
        watched_items(data, count),
        stop=fit.stop_on_collapse,
        pairs=pairs,
        tell=tell,
        untrained=read_model(untrained),
        history=rows,
    )
    return [StopOutOfBounds(), monitor]


def check_keep(fit, method, probe):
    """Checks that the history will tell which checkpoints `fit.keep` is to keep.

    Args:
        fit: Fit.
        method: Pretrainer of the run.
        probe: dict, the section `probe` of its resolved recipe.

    Raises:
        ValueError: it will not.
    """
    looks = ("rankme",) if fit.monitor_examples > 1 else ()
    online = ONLINE if probe["online"] is not None else ()
    fit.keep.check(["loss", *method.metric_names, *looks, *online])
