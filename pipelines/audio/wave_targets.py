"""Audio windows beside what an autoencoder is to reconstruct of them: themselves."""

from mmssl.pipelines.audio.windows import AudioWindows


class WaveTargets(AudioWindows):
    """`AudioWindows`, which are also what is to be reconstructed.

    In addition to waveform and padding_mask, batches hold target float32 (B, window), the waveform.
    What pads a short clip is silence, and is reconstructed like any other.

    It takes what `AudioWindows` takes.
    """

    def element(self, inputs, key):
        """Makes an element of a window.

        Args:
            inputs: dict of waveform float32 (window,) and padding_mask int32 (window,).
            key: int64 (2,), the seed.

        Returns:
            dict of tensors.
        """
        return {**inputs, "target": inputs["waveform"]}

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

    def target_shape(self):
        """Returns the shape of a target."""
        return (self.window,)

    def method_arguments(self):
        return {**super().method_arguments(), "target_shape": self.target_shape()}
