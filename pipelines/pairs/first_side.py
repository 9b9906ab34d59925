"""What a pipeline of pairs leaves to the pipeline of its first side."""

from mmssl.pipelines.pipeline import Pipeline


class FirstSide(Pipeline):
    """A pipeline of pairs as one of the first halves: their decoding, and inputs for an encoder.

    A subclass sets `sides`, a dict of Pipelines, the first side first.
    """

    @property
    def _first(self):
        return self.sides[self.first]

    def check_encoder(self, shortest):
        """See `Pipeline.check_encoder`, of the first side."""
        self._first.check_encoder(shortest)

    def decode(self, raw):
        """See `Reader.decode`, as for all that follows."""
        return self._first.decode(raw)

    def decoder_for(self, source):
        return self._first.decoder_for(source)

    def measurer_for(self, source):
        return self._first.measurer_for(source)

    def may_fit(self, source):
        return self._first.may_fit(source)

    def inputs(self, item, max_length=None):
        return self._first.inputs(item, max_length)

    def item_inputs(self, source):
        return self._first.item_inputs(source)

    def examples(self, source, *arguments, **options):
        return self._first.examples(source, *arguments, **options)

    def numbered_examples(self, source):
        return self._first.numbered_examples(source)

    def middles(self, source, batch_size):
        return self._first.middles(source, batch_size)

    def excerpts(self, source, order, batch_size, seed):
        return self._first.excerpts(source, order, batch_size, seed)

    def preview(self, source, index):
        return self._first.preview(source, index)

    def __getattr__(self, name):
        """Gives what only the pipeline of the first side has, such as its `sample_rate`."""
        sides = vars(self).get("sides")
        if name.startswith("_") or not sides:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(next(iter(sides.values())), name)
