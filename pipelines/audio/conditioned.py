"""Windows of sound with what a generator may be told of them: who speaks, and how it sounds."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.files import write_text
from mmssl.pipelines.audio.log_mel import log_mel
from mmssl.pipelines.audio.windows import AudioWindows
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.arrays import host

NAMES = "speakers.txt"


class ConditionedWindows(AudioWindows):
    """`AudioWindows` with a speaker's number, log-mel frames, or both beside each window.

    Speaker 0 is the unknown one; the others are numbered from 1 in the order of their names, which
    a run keeps in speakers.txt. Short clips are joined with clips of the same speaker, as far as
    there are.

    Batches hold, beside what `AudioWindows` gives, speaker int32 (B,) and log_mel float32
    (B, ceil(window / mel_hop), num_mel_bins), each where asked for; so do the inputs of a trained
    encoder, in which whoever the column does not name, or the training did not know, is 0.

    Args:
        source: see `AudioWindows`.
        speakers: number of speakers, the unknown one included; 0 leaves them out.
        speaker_column: column of the source or of its table of labels that names the speaker.
        unknown_probability: part of the windows whose speaker is withheld, 0 to 1, so that what is
            learned serves recordings of others, too.
        num_mel_bins: bands of the log-mel frames; 0 leaves them out.
        mel_hop: samples a frame, 1 or more.
        **kwargs: see `AudioWindows`.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        speakers: int = 0,
        speaker_column: str = "speaker",
        unknown_probability: float = 0.1,
        num_mel_bins: int = 0,
        mel_hop: int = 80,
        **kwargs,
    ):
        super().__init__(source, **kwargs)
        if min(speakers, num_mel_bins) < 0 or mel_hop < 1:
            raise ValueError(
                f"speakers={speakers} and num_mel_bins={num_mel_bins} must be 0 or more, and "
                f"mel_hop={mel_hop} 1 or more"
            )
        if not 0 <= unknown_probability <= 1:
            raise ValueError(f"unknown_probability={unknown_probability} must lie between 0 and 1")
        self.speakers = speakers
        self.speaker_column = speaker_column
        self.unknown_probability = unknown_probability
        self.num_mel_bins = num_mel_bins
        self.mel_hop = mel_hop
        self.speaker_names: list[str] | None = None

    def encoder_arguments(self):
        return {
            **super().encoder_arguments(),
            "speakers": self.speakers,
            "num_mel_bins": self.num_mel_bins,
            "mel_hop": self.mel_hop,
        }

    def restore(self, folder):
        super().restore(folder)
        if self.speakers:
            self.speaker_names = Path(folder, NAMES).read_text(encoding="utf-8").split("\n")

    def index(self, folder=None):
        super().index(folder)
        if not self.speakers:
            return
        if self.speaker_names is None:
            self.speaker_names = self._learned_names()
            if folder is not None:
                write_text(Path(folder, NAMES), "\n".join(self.speaker_names))
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
        if len(names) >= self.speakers:
            raise ValueError(
                f"speakers={self.speakers} is too few for the {len(names)} of the data and the "
                f"unknown one: set it to {len(names) + 1}"
            )
        return names

    def speaker_ids(self, source):
        """Numbers the speakers of a source's items.

        Args:
            source: Source.

        Returns:
            int32 array (N,), 0 for unknown ones.
        """
        known = {name: number for number, name in enumerate(self.speaker_names, start=1)}
        column = source.columns.get(self.speaker_column, [""] * len(source))
        return np.array([known.get(name, 0) for name in column], np.int32)

    def _group_clips(self):
        """Lays the clips of each speaker out in a row, and notes the longest of each."""
        lengths = self.shapes[:, 0]
        group = np.unique(self.speaker_ids(self.items), return_inverse=True)[1]
        sizes = np.bincount(group)
        by_length = np.lexsort((-lengths, group))
        firsts = np.cumsum(sizes) - sizes
        self._group, self._members = host(group.astype(np.int64)), host(by_length)
        self._firsts, self._sizes = host(firsts), host(sizes.astype(np.int64))
        if self._draws:
            # As in `AudioWindows`, by the speaker whose clips are shortest.
            shortest = (np.bincount(group, lengths) / sizes).min()
            self._draws = math.ceil(2 * self.window / shortest)

    def further_clips(self, clip, key):
        if not self.speakers or not self._draws:
            return super().further_clips(clip, key)
        group = self._group[clip]
        first, size = self._firsts[group], self._sizes[group]
        draws = tf.random.stateless_uniform([self._draws], key, maxval=size, dtype=tf.int64)
        # The longest clip of the speaker last, which stands first in the row.
        return tf.gather(self._members, first + tf.pad(draws, [[0, 1]]))

    def example(self, index, key):
        element = super().example(index, key)
        if self.speakers:
            # A key of its own, so that the window is the same whatever is withheld.
            chance_key = tf.random.experimental.stateless_fold_in(key, 1)
            known = tf.random.stateless_uniform([], chance_key) >= self.unknown_probability
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
        """Computes the local condition of a waveform float32 (T,); see `log_mel`."""
        return log_mel(waveform, self.sample_rate, self.num_mel_bins, self.mel_hop)

    def examples(self, source, batch_size=64, max_length=None):
        source = source if isinstance(source, Source) else self.open(source)
        sounds = super().examples(source, batch_size, max_length)
        if not self.speakers:
            return sounds
        speakers = tf.data.Dataset.from_tensor_slices(self.speaker_ids(source)).batch(batch_size)
        return tf.data.Dataset.zip(sounds, speakers).map(lambda inputs, s: {**inputs, "speaker": s})
