"""Audio windows beside what an autoencoder is to reconstruct of them: themselves."""

from mmssl.pipelines.audio.target_windows import TargetWindows


class WaveTargets(TargetWindows):
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

    def target_shape(self):
        """Returns the shape of a target."""
        return (self.window,)
