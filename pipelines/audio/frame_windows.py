"""Audio windows, seen as the frames that an encoder's convolutions produce."""

from typing import Any

import numpy as np

from mmssl.pipelines.audio.windows import AudioWindows


class FrameWindows(AudioWindows):
    """`AudioWindows` that know how many frames strided convolutions without padding produce.

    Args:
        source: see `AudioWindows`.
        kernel_sizes: kernel size of each convolution of the encoder.
        strides: stride of each convolution; the encoder takes both from here.
        **kwargs: see `AudioWindows`.

    Raises:
        ValueError: when there are not as many kernel sizes as strides.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        kernel_sizes: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2),
        strides: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2),
        **kwargs,
    ):
        super().__init__(source, **kwargs)
        if len(kernel_sizes) != len(strides) or min((*kernel_sizes, *strides)) < 1:
            raise ValueError(
                f"kernel_sizes={kernel_sizes} and strides={strides} must have the same length, "
                "and each number must be 1 or more"
            )
        self.kernel_sizes = tuple(kernel_sizes)
        self.strides = tuple(strides)

    def encoder_arguments(self):
        """Returns the kernel sizes and strides of the encoder's convolutions."""
        arguments = {"kernel_sizes": self.kernel_sizes, "strides": self.strides}
        return {**super().encoder_arguments(), **arguments}

    def frames(self, padding_mask):
        """Returns the padding mask of the frames, (F,), from that of the samples, (T,)."""
        for kernel, stride in zip(self.kernel_sizes, self.strides, strict=True):
            padding_mask = padding_mask[kernel - 1 :: stride]
        return padding_mask

    def frame_count(self):
        """Returns F, the number of frames of a window."""
        return self.frames(np.ones(self.window)).size

    def check_span(self, span):
        """Raises a ValueError for spans of no frames and for those that fill a window."""
        if span < 1:
            raise ValueError(f"span={span} must be 1 or more")
        if span >= self.frame_count():
            raise ValueError(
                f"window={self.window} has {self.frame_count()} frames, and a span of {span} would "
                "mask all of them: raise window or lower span"
            )
