"""Audio windows with masked spans, and the unit of sound of each frame."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.framing import Framing
from mmssl.pipelines.audio.span_masked import MaskedWindows
from mmssl.pipelines.audio.units.clustering import labeled, learned
from mmssl.pipelines.audio.units.mfcc import MfccFrames
from mmssl.pipelines.audio.units.stored import UNITS_FILE, Units
from mmssl.pipelines.sources.arrays import host

MFCC = "mfcc"


class UnitWindows(MaskedWindows):
    """`MaskedWindows` with the unit of each frame: the cluster of what lies in its middle.

    Units are clusters by k-means, of MFCCs or of the frames of a trained encoder. All recordings
    are clustered before the first batch, and the result is kept in units.npz of the run folder:
    centers and labels, so that a run goes on without what they were made of.

    Batches also hold units int32 (B, F), from 0; -1 at frames without a unit: padding, and the
    last frame or two of a clip that has no whole frame to be clustered there.

    Args:
        source: see `MaskedWindows`.
        targets: `mfcc`, or the folder of a run on sound whose frames are clustered.
        target_layer: block of that run's encoder, such as `block_6`; None for its last.
        clusters: number of units of MFCCs, 2 or more.
        run_clusters: number of units of a run's frames, 2 or more.
        min_masks: minimum number of spans per window, 1 or more.
        **kwargs: see `MaskedWindows`.

    Attributes:
        features: FrameFeatures that units are learned from; those of a run are set by who can run
            its encoder, see `mmssl.training.targets`.
        units: Units; None before `prepare`.

    Raises:
        ValueError: when an argument is out of range.

    References:
        Hsu et al. 2021, arXiv 2106.07447.
    """

    targets_file = UNITS_FILE

    def __init__(
        self,
        source: Any = "builtin:speech",
        targets: str = MFCC,
        target_layer: str | None = None,
        clusters: int = 100,
        run_clusters: int = 500,
        min_masks: int = 2,
        **kwargs,
    ):
        super().__init__(source, min_masks=min_masks, **kwargs)
        if min(clusters, run_clusters) < 2:
            raise ValueError(
                f"clusters={clusters} and run_clusters={run_clusters} must be 2 or more"
            )
        self.targets = targets
        self.target_layer = target_layer
        self.clusters = clusters if targets == MFCC else run_clusters
        self.features = MfccFrames(self.sample_rate) if targets == MFCC else None
        self.units = self._progress = None

    def prepare(self, folder=None, progress=None, data_changed="refuse"):
        """Opens, checks and clusters the source; see `Pipeline`."""
        self._progress = progress
        return super().prepare(folder, progress, data_changed)

    def method_arguments(self):
        """Returns the number of units."""
        return {**super().method_arguments(), "clusters": self.clusters}

    def index(self, folder=None):
        """Clusters the recordings, or reads what the run in `folder` has kept of it."""
        super().index(folder)
        lengths = self.shapes[:, 0]
        kept = None if folder is None else Units.read(folder)
        if kept is None or not kept.are_of(lengths):
            kept = self._made(kept, lengths)
            if folder is not None:
                kept.write(folder)
        self.units = kept
        self._labels, self._offsets = host(kept.labels), host(kept.offsets)

    def restore(self, folder):
        """Reads the units of a run folder."""
        super().restore(folder)
        self.units = Units.read(folder)

    def _made(self, kept, lengths):
        if self.features is None:
            raise ValueError(
                f"targets={self.targets!r} is a run, whose frames are clustered when a run is "
                "trained: by mmssl.training, or set the attribute features"
            )
        given = (self.features, self, self.items, lengths)
        if kept is None:
            return learned(*given, self.clusters, progress=self._progress)
        # Data that have changed, with units that have not.
        return labeled(*given, kept.centers, self._progress)

    def beside(self, clips, starts, sizes):
        """Returns the units of a window's frames, see the class."""
        own = Framing.of_convolutions(self.kernel_sizes, self.strides)
        middles = tf.range(self.frame_count(), dtype=tf.int64) * own.hop + own.field // 2
        units = units_at(middles, clips, starts, sizes, self.units.framing, self._offsets)
        found = tf.gather(self._labels, tf.maximum(units, 0))
        return {"units": tf.ensure_shape(tf.where(units < 0, -1, found), [self.frame_count()])}


def units_at(samples, clips, starts, sizes, framing, offsets):
    """Finds the labeled frame whose middle is nearest to each sample of a window.

    Args:
        samples: int64 (F,), samples of the window.
        clips: int64 (M,), the recordings that it is made of.
        starts: int64 (M,), the first sample of each.
        sizes: int64 (M,), how many samples of each, one after the other.
        framing: Framing of the labels.
        offsets: int64 (N + 1,), see `Units`.

    Returns:
        int64 (F,), places among the labels; -1 where no labeled frame is so near.
    """
    ends = tf.cumsum(sizes)
    piece = tf.searchsorted(ends, samples, side="right", out_type=tf.int64)
    inside = piece < tf.size(ends, tf.int64)
    piece = tf.minimum(piece, tf.size(ends, tf.int64) - 1)
    clip = tf.gather(clips, piece)
    heard = samples - tf.gather(ends - sizes, piece) + tf.gather(starts, piece)
    frame = (2 * (heard - framing.field // 2) + framing.hop) // (2 * framing.hop)
    first, last = tf.gather(offsets, clip), tf.gather(offsets, clip + 1)
    there = inside & (frame >= 0) & (first + frame < last)
    return tf.where(there, first + frame, -1)
