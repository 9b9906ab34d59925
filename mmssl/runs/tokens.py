"""The tokenizer of another run, for a pipeline of its codes."""

import functools
from functools import cached_property

import numpy as np

from mmssl.pipelines.codes import Codes
from mmssl.runs.coders import ENCODER_FILE, open_coder, padded
from mmssl.runs.folder import RunFolder
from mmssl.runs.recipe import build, resolved


def give_tokenizer(data, trust=(), folder=None):
    """Gives a pipeline of codes the tokenizer that its `tokens` name; others are left as they are.

    Nothing is opened before something is to be encoded or decoded.

    Args:
        data: Pipeline.
        trust: names of modules whose classes the tokenizer's recipe may name.
        folder: path of the run that learned from the codes, which decodes them; None for none.
    """
    if not isinstance(data, Codes):
        return
    if data.tokens is not None:
        data.tokenizer = RunTokenizer(data.tokens, trust)
    if folder is not None:
        opened = functools.cache(open_coder)
        data.decoder = lambda codes: opened(folder)(codes)["outputs"]


class RunTokenizer:
    """What encodes a source with the networks of a run; see `pipelines.codes.cached`.

    Args:
        folder: path of the run folder.
        trust: names of modules whose classes its recipe may name.
    """

    def __init__(self, folder, trust=()):
        self.folder, self.trust = folder, trust

    @cached_property
    def data(self):
        """The pipeline of the run, with what it has learned."""
        files = RunFolder(self.folder)
        data = build(resolved(files.read_sections(), "data", self.trust))
        data.restore(files.path)
        return data

    @cached_property
    def coder(self):
        return open_coder(self.folder, ENCODER_FILE)

    @property
    def spec(self):
        """CodeSpec of the run."""
        return self.coder.spec

    def encode(self, source):
        """Yields the codes of the items of a source, int arrays (n,), see `write_codes`."""
        for batch in self.data.examples(source):
            arrays = {name: np.asarray(x) for name, x in batch.items()}
            yield from self._items(arrays)

    def _items(self, batch):
        """Yields the codes of a batch, those of all levels one after the other."""
        hop = self.spec.hop
        if hop is None:
            found = self._levels(batch)
            yield from np.concatenate([x.reshape(len(x), -1) for x in found], axis=1)
            return
        tops = -(-np.sum(batch["padding_mask"], axis=1) // hop)
        found = self._levels(padded(batch, hop))
        sizes = self.spec.sizes.values()
        for row, count in enumerate(tops):
            yield np.concatenate(
                [x[row, : count * size] for x, size in zip(found, sizes, strict=True)]
            )

    def _levels(self, batch):
        codes = self.coder(batch)
        return [codes[level] for level in self.spec.levels]
