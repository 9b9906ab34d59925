"""Crops of pictures, seen as the patches that an encoder makes of them."""

from typing import Any

from mmssl.pipelines.images import Crops


class PatchCrops(Crops):
    """`Crops` that fall into whole patches.

    Args:
        source: see `Crops`.
        size: pixels of each side of a crop, a multiple of `patch`.
        batch_size: crops a batch.
        patch: pixels of each side of a patch; the encoder takes it from here.
        **kwargs: see `Crops`.

    Attributes:
        side: patches along each side of a crop.

    Raises:
        ValueError: patches do not fill a crop.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 64,
        patch: int = 4,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if patch < 1 or size % patch:
            raise ValueError(f"size={size} must be a multiple of patch={patch} pixels")
        self.patch = patch
        self.side = size // patch

    def encoder_arguments(self):
        """Returns the sizes of a picture and of its patches."""
        return {**super().encoder_arguments(), "patch": self.patch}
