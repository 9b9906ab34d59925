"""Audio windows with the conditioning inputs of a generator: the speaker and log-mel frames."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.files import write_text
from mmssl.pipelines.audio.log_mel import log_mel
from mmssl.pipelines.audio.windows import AudioWindows
from mmssl.pipelines.sources.arrays import host

SPEAKERS_FILE = "speakers.txt"


class ConditionedWindows(AudioWindows):
    """`AudioWindows` with the id of the speaker, log-mel frames, or both for each window.

    Speaker 0 is the unknown speaker; the others are numbered from 1 in the order of their names,
    which a run stores in speakers.txt. Short clips are joined with clips of the same speaker.

    In addition to those of `AudioWindows`, batches hold speaker int32 (B,) and log_mel float32
    (B, ceil(window / mel_hop), num_mel_bins), each if it is asked for; so do the inputs of a
    trained encoder, where a speaker who is missing in the column or was not in training is 0.

    Args:
        source: see `AudioWindows`.
        num_speakers: number of speakers, including the unknown one; 0 leaves speakers out.
        speaker_column: column of the source or of its table of labels that names the speaker.
        unknown_probability: probability that the speaker of a window is replaced with the unknown
            one, 0 to 1, so that the model is also trained for recordings of other speakers.
        num_mel_bins: number of mel bands of the log-mel frames; 0 leaves the frames out.
        mel_hop: hop length of the frames in samples, 1 or more.
        **kwargs: see `AudioWindows`.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        num_speakers: int = 0,
        speaker_column: str = "speaker",
        unknown_probability: float = 0.1,
        num_mel_bins: int = 0,
        mel_hop: int = 80,
        **kwargs,
    ):
        super().__init__(source, **kwargs)
        if min(num_speakers, num_mel_bins) < 0 or mel_hop < 1:
            raise ValueError(
                f"num_speakers={num_speakers} and num_mel_bins={num_mel_bins} must be 0 or more, "
                f"and mel_hop={mel_hop} 1 or more"
            )
        if not 0 <= unknown_probability <= 1:
            raise ValueError(f"unknown_probability={unknown_probability} must lie between 0 and 1")
        self.num_speakers = num_speakers
        self.speaker_column = speaker_column
        self.unknown_probability = unknown_probability
        self.num_mel_bins = num_mel_bins
        self.mel_hop = mel_hop
        self.speaker_names: list[str] | None = None

    def encoder_arguments(self):
        return {
            **super().encoder_arguments(),
            "num_speakers": self.num_speakers,
            "num_mel_bins": self.num_mel_bins,
            "mel_hop": self.mel_hop,
        }

    def restore(self, folder):
        super().restore(folder)
        if self.num_speakers:
            self.speaker_names = Path(folder, SPEAKERS_FILE).read_text(encoding="utf-8").split("\n")

    def index(self, folder=None):
        super().index(folder)
        if not self.num_speakers:
            return
        if self.speaker_names is None:
            self.speaker_names = self._learned_names()
            if folder is not None:
                write_text(Path(folder, SPEAKERS_FILE), "\n".join(self.speaker_names))
        self._speaker_of = host(self.speaker_ids(self.items))
        self._group_clips()

    def _learned_names(self):
        column = self.items.columns.get(self.speaker_column)
        if column is None:
            there = ", ".join(self.items.columns) or "(none; give labels=<table>)"
            raise ValueError(
                f"there is no column {self.speaker_column!r} of speakers: set speaker_column to "
                f"one of {there}"
            )
        names = sorted(set(column.tolist()))
        if len(names) >= self.num_speakers:
            raise ValueError(
                f"num_speakers={self.num_speakers} is too small for the {len(names)} speakers of "
                f"the data and the unknown one: set it to {len(names) + 1}"
            )
        return names

    def speaker_ids(self, source):
        """Returns the speaker id of every item of a source.

        Args:
            source: Source.

        Returns:
            int32 array (N,), 0 for unknown speakers.
        """
        known = {name: number for number, name in enumerate(self.speaker_names, start=1)}
        column = source.columns.get(self.speaker_column, [""] * len(source))
        return np.array([known.get(name, 0) for name in column], np.int32)

    def _group_clips(self):
        """Groups the clips by speaker, with the longest of each speaker first."""
        lengths = self.shapes[:, 0]
        group = np.unique(self.speaker_ids(self.items), return_inverse=True)[1]
        sizes = np.bincount(group)
        by_length = np.lexsort((-lengths, group))
        firsts = np.cumsum(sizes) - sizes
        self._group, self._members = host(group.astype(np.int64)), host(by_length)
        self._firsts, self._sizes = host(firsts), host(sizes.astype(np.int64))
        if self._draws:
            # As in `AudioWindows`, for the speaker whose clips are shortest on average.
            shortest = (np.bincount(group, lengths) / sizes).min()
            self._draws = math.ceil(2 * self.window / shortest)

    def further_clips(self, clip, key):
        if not self.num_speakers or not self._draws:
            return super().further_clips(clip, key)
        group = self._group[clip]
        first, size = self._firsts[group], self._sizes[group]
        draws = tf.random.stateless_uniform([self._draws], key, maxval=size, dtype=tf.int64)
        # The last one is the longest clip of the speaker, which is the first of the group.
        return tf.gather(self._members, first + tf.pad(draws, [[0, 1]]))

    def example(self, index, key):
        element = super().example(index, key)
        if self.num_speakers:
            # A key of its own, so that the window does not depend on this draw.
            unknown_key = tf.random.experimental.stateless_fold_in(key, 1)
            known = tf.random.stateless_uniform([], unknown_key) >= self.unknown_probability
            speaker = self._speaker_of[self._clip_of[index]]
            element["speaker"] = tf.where(known, speaker, 0)
        return self._with_frames(element)

    def inputs(self, item, max_length=None):
        return self._with_frames(super().inputs(item, max_length))

    def _with_frames(self, element):
        if not self.num_mel_bins:
            return element
        return {**element, "log_mel": self.frames(element["waveform"])}

    def frames(self, waveform):
        """Computes the local conditioning of a waveform float32 (T,); see `log_mel`."""
        return log_mel(waveform, self.sample_rate, self.num_mel_bins, self.mel_hop)

    def item_inputs(self, source):
        inputs = super().item_inputs(source)
        if not self.num_speakers:
            return inputs
        speakers = host(self.speaker_ids(source))
        return lambda index, item, *length: {
            **inputs(index, item, *length),
            "speaker": tf.gather(speakers, index),
        }


def of_unknown_speakers(pipeline, batch):
    """Returns a batch of inputs whose sounds come without the speaker, for whom 0 stands.

    Args:
        pipeline: Pipeline of sounds.
        batch: dict of tensors (B, ...), with `waveform`.

    Returns:
        dict; with `speaker` int32 (B,) if the pipeline has speakers.
    """
    if not (isinstance(pipeline, ConditionedWindows) and pipeline.num_speakers):
        return batch
    return {**batch, "speaker": tf.zeros(tf.shape(batch["waveform"])[:1], tf.int32)}
