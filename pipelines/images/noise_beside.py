"""Image crops with normal noise beside them, for methods that sample."""

from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.images.targets import TargetCrops


class NoiseBeside(TargetCrops):
    """`TargetCrops` with standard normal noise beside them, of the target's shape.

    Batches also hold noise float32 (B, ...), which a subclass may give another shape. It is drawn
    here, so that a step of the method is a function of its batch.

    Arguments are those of `TargetCrops`.
    """

    def noise_shape(self):
        """Returns the shape of an example's noise."""
        return self.target_shape()

    def drawn(self, target, key):
        return {"images": target, "noise": tf.random.stateless_normal(self.noise_shape(), key)}


class LatentCrops(NoiseBeside):
    """`TargetCrops` with the noise that a variational autoencoder samples its latents with.

    Args:
        source: see `TargetCrops`.
        size: see `TargetCrops`.
        batch_size: see `TargetCrops`.
        latents: how many, 1 or more; the method takes it from here.
        **kwargs: see `TargetCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 28,
        batch_size: int = 64,
        latents: int = 20,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if latents < 1:
            raise ValueError(f"latents={latents} must be 1 or more")
        self.latents = latents

    def noise_shape(self):
        return (self.latents,)

    def method_arguments(self):
        return {**super().method_arguments(), "latents": self.latents}


class UnitCrops(NoiseBeside):
    """`TargetCrops` with noise for all units of any two neighboring layers of a dense encoder.

    noise is (B, sweeps, most), most being the largest sum of the units of two neighboring layers,
    the values of a picture being the first.

    Args:
        source: see `TargetCrops`.
        size: see `TargetCrops`.
        batch_size: see `TargetCrops`.
        widths: units of each layer of the encoder, which takes them from here.
        sweeps: times that they are drawn, 1 or more, as Gibbs sweeps; the method takes it from
            here.
        **kwargs: see `TargetCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 28,
        batch_size: int = 64,
        widths: tuple[int, ...] = (500,),
        sweeps: int = 1,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if not widths or min(widths) < 1:
            raise ValueError(f"widths={tuple(widths)} must be one or more, each 1 or more")
        if sweeps < 1:
            raise ValueError(f"sweeps={sweeps} must be 1 or more")
        self.widths = tuple(widths)
        self.sweeps = sweeps

    def noise_shape(self):
        units = np.array([np.prod(self.target_shape()), *self.widths])
        return (self.sweeps, int((units[:-1] + units[1:]).max()))

    def encoder_arguments(self):
        return {**super().encoder_arguments(), "widths": self.widths}

    def method_arguments(self):
        chains = {"sweeps": self.sweeps, "chains": self.batch_size}
        return {**super().method_arguments(), **chains}
