"""Audio windows beside what an autoencoder is to reconstruct of them, whatever that is."""

from mmssl.pipelines.audio.windows import AudioWindows


class TargetWindows(AudioWindows):
    """`AudioWindows` whose elements hold a target; a subclass defines `element` and `target_shape`.

    It takes what `AudioWindows` takes.
    """

    def example(self, index, key):
        return self.element(super().example(index, key), key)

    def fixed_elements(self, source, batch_size=64):
        """Returns an element of the middle of every clip, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: clips per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts, as batches of training.
        """
        return self.fixed_windows(source, self.element, batch_size)

    def method_arguments(self):
        return {**super().method_arguments(), "target_shape": self.target_shape()}
