"""Rows beside what an autoencoder is to reconstruct of them."""

from typing import Any, Literal

import numpy as np
import tensorflow as tf

from mmssl.choices import check_choices
from mmssl.pipelines.elements import fixed_keys, mapped, uniforms
from mmssl.pipelines.sources import Source
from mmssl.pipelines.tables.marginals import Marginals, check_share, choose
from mmssl.pipelines.tables.rows import TableRows
from mmssl.pipelines.tables.schema import GAP


class TargetRows(TableRows):
    """Rows, which are also what is to be reconstructed.

    In addition to the inputs of `TableRows` batches hold target float32 (B, values): the numbers, 0
    for gaps; for each of them 1 for a gap, else 0; and for each column of categories a 1 at its
    code, among zeros.

    Arguments are those of `TableRows`.
    """

    def drawn(self, rows, draws):
        """Makes what the encoder sees of coded rows, and what a batch holds beside, for subclasses.

        Args:
            rows: float32 tensor (B, columns).
            draws: float32 tensor (B, `draws()`), uniform in [0, 1).

        Returns:
            Pair of a float32 tensor (B, columns) and a dict of tensors (B, ...).
        """
        return rows, {}

    def elements(self, rows, draws):
        seen, beside = self.drawn(rows, draws)
        return {**self.split_up(seen), **beside, "target": self.values_of(self.split_up(rows))}

    def fixed_elements(self, source, batch_size=64):
        """Returns an element of every row of a source, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: rows per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts, as batches of training.
        """
        source = source if isinstance(source, Source) else self.open(source)

        def element(key):
            rows = self.decode(source.read(key[1]))[tf.newaxis]
            several = self.elements(rows, uniforms(key[0], key[1], 1, self.draws()))
            return {name: values[0] for name, values in several.items()}

        return mapped(fixed_keys(len(source)), element).batch(batch_size)

    def target_shape(self):
        """Returns the shape of a target."""
        return (self.schema.width,)

    def method_arguments(self):
        known = {"target_shape": self.target_shape()} if self._is_known() else {}
        return {**super().method_arguments(), **known}


class CorruptedRows(TargetRows):
    """`TargetRows` whose inputs are corrupted, while the target is clean.

    In addition batches hold corrupted float32 (B, values), 1 for the values of the columns that
    were chosen, 0 for others.

    Args:
        source: see `TableRows`.
        batch_size: see `TableRows`.
        corruption: `marginals` takes the values of a column from other rows, as `MarginalViews`
            does; `masking` leaves gaps.
        share: of the columns that are corrupted, exactly floor(share * columns), 0 to 1.
        **kwargs: see `TableRows`.
    """

    def __init__(
        self,
        source: Any = "builtin:customers",
        batch_size: int = 128,
        corruption: Literal["marginals", "masking"] = "marginals",
        share: float = 0.3,
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        check_choices(CorruptedRows.__init__, corruption=corruption)
        check_share("share", share)
        self.corruption = corruption
        self.share = share
        self._marginals = None

    def index(self, folder=None):
        super().index(folder)
        self._marginals = Marginals(self.items)

    def fixed_elements(self, source, batch_size=64):
        source = source if isinstance(source, Source) else self.open(source)
        if self._marginals is None:  # of a run that was opened without the rows it trained on
            self._marginals = Marginals(source)
        return super().fixed_elements(source, batch_size)

    def draws(self):
        return 2 * len(self.schema.columns)

    def drawn(self, rows, draws):
        choices, places = tf.split(draws, 2, axis=1)
        chosen = choose(choices, int(self.share * len(self.schema.columns)))
        seen = tf.where(chosen, self._others(places), rows)
        return seen, {"corrupted": tf.gather(tf.cast(chosen, tf.float32), self.owners(), axis=1)}

    def _others(self, places):
        if self.corruption == "masking":
            numbers, categories = len(self.schema.numbers), len(self.schema.categories)
            return tf.constant([[np.nan] * numbers + [float(GAP)] * categories], tf.float32)
        return self._marginals(places)


class LatentRows(TargetRows):
    """`TargetRows` with the noise that a variational autoencoder samples its latents with.

    In addition batches hold noise float32 (B, latents), standard normal.

    Args:
        source: see `TableRows`.
        batch_size: see `TableRows`.
        latents: how many, 1 or more; the method takes it from here.
        **kwargs: see `TableRows`.
    """

    def __init__(
        self,
        source: Any = "builtin:customers",
        batch_size: int = 128,
        latents: int = 16,
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        if latents < 1:
            raise ValueError(f"latents={latents} must be 1 or more")
        self.latents = latents

    def draws(self):
        return 2 * self.latents

    def drawn(self, rows, draws):
        # Box and Muller 1958: two uniform numbers make a normal one.
        first, second = tf.split(draws, 2, axis=1)
        radius = tf.sqrt(-2.0 * tf.math.log(1.0 - first))
        return rows, {"noise": radius * tf.cos(2.0 * np.pi * second)}

    def method_arguments(self):
        return {**super().method_arguments(), "latents": self.latents}
