"""Image crops with a map of depth as a fourth channel."""

from pathlib import Path, PurePath
from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.decoding import decode_image
from mmssl.pipelines.sources.extensions import IMAGE_EXTENSIONS


class DepthCrops(ImageCrops):
    """Random crops of images whose fourth channel lies in a second folder, such as depth.

    Batches hold images float32 (B, size, size, 4) in [0, 1]: red, green, blue, and the other map,
    cropped and flipped alike. An image `a/b.jpg` of the source has the map `a/b` with any ending of
    an image in the other folder; of its channels the first is taken, of 16 bits the upper 8, and a
    map of another size is scaled to that of the image. Inputs of a trained encoder have four
    channels, too.

    Args:
        source: see `ImageCrops`; one whose items have names, such as a folder.
        size: see `ImageCrops`.
        batch_size: see `ImageCrops`.
        depth: folder of the maps.
        **kwargs: see `ImageCrops`.

    Raises:
        ValueError: there is no such folder, or an image has no map in it.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        depth: str = "depth",
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        self.depth = depth
        self._map = None

    def index(self, folder=None):
        super().index(folder)
        self._map = self._maps_of(self.items)

    def item(self, index):
        return _joined(super().item(index), self._map(index))

    def item_inputs(self, source):
        depth = self._maps_of(source)
        return lambda index, item, *length: self.inputs(_joined(item, depth(index)), *length)

    def encoder_arguments(self):
        """Returns the size, and that a half sees the colors, and another one the fourth channel."""
        return {**super().encoder_arguments(), "groups": (3, 1), "lab": False}

    def _maps_of(self, source):
        """Returns a function of an index to the map of that item, uint8 (H, W, 1)."""
        folder = Path(self.depth)
        if not folder.is_dir():
            raise ValueError(f"depth={self.depth!r} is no folder: name that of the depth maps")
        found = {
            _stem(path.relative_to(folder)): str(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix.lower() in IMAGE_EXTENSIONS
        }
        missing = [name for name in source.names if _stem(name) not in found]
        if missing:
            raise ValueError(
                f"{len(missing)} of {len(source)} images have no map in depth={self.depth!r}, such "
                f"as {missing[0]}: maps must have the names of the images"
            )
        files = tf.constant([found[_stem(name)] for name in source.names])
        return lambda index: decode_image(tf.io.read_file(tf.gather(files, index)))[..., :1]


def _stem(name):
    return PurePath(name).with_suffix("").as_posix()


def _joined(image, depth):
    nearest = tf.image.ResizeMethod.NEAREST_NEIGHBOR
    scaled = tf.image.resize(depth, tf.shape(image)[:2], method=nearest)
    return tf.ensure_shape(tf.concat([image, scaled], axis=-1), [None, None, 4])
