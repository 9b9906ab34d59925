"""Leaving out the items that a probe cannot use, since they have no label or no split."""

import logging
from dataclasses import replace

import numpy as np

from mmssl.pipelines.sources.tables import listed

logger = logging.getLogger(__name__)


def complete(source):
    """Leaves out the items that have no label, or no split where others have one.

    They are counted and named in a warning.

    Args:
        source: Source with labels.

    Returns:
        pair of the Source of the other items, and a dict from what was missing, "label" or
        "split", to the number of items.

    Raises:
        ValueError: no item is left.
    """
    missing = {"label": source.labels == ""}
    if source.splits is not None:
        missing["split"] = (source.splits == "") & ~missing["label"]
    left_out = {what: int(rows.sum()) for what, rows in missing.items() if rows.any()}
    for what in left_out:
        names = [source.names[i] for i in np.flatnonzero(missing[what])]
        text = "left out %d of %d items, which have no %s: %s"
        logger.warning(text, len(names), len(source), what, listed(names))
    if not left_out:
        return source, {}
    kept = ~np.any(list(missing.values()), axis=0)
    if not kept.any():
        lacking = " and ".join(f"{count} have no {what}" for what, count in left_out.items())
        raise ValueError(f"none of the {len(source)} items can be used: {lacking}")
    return replace(source.select(kept), request=source.request), left_out


def told(left_out):
    """Returns an end for a sentence on the data, such as "; left out: 3 items without a label"."""
    parts = [f"{count} items without a {what}" for what, count in left_out.items()]
    return f"; left out: {', '.join(parts)}" if parts else ""
