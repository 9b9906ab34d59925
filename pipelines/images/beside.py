"""Image crops with further channels, which lie beside the pictures in folders of their own."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.decoding import decode_image
from mmssl.pipelines.images.resampling import center_crop
from mmssl.pipelines.sources.extensions import IMAGE_EXTENSIONS
from mmssl.pipelines.sources.fingerprint import stamps


class ChannelCrops(ImageCrops):
    """Random resized crops of pictures together with those of the same name in other folders.

    Batches hold images float32 (B, size, size, 3 + K) in [0, 1]: red, green, blue, and a gray
    channel of each of K folders, such as depth or a mask. All channels of a picture have the same
    crop and the same flip. Without other folders this is `ImageCrops`.

    Args:
        source: see `ImageCrops`; with other folders it must have names, as a folder has.
        size: see `ImageCrops`.
        batch_size: see `ImageCrops`.
        beside: paths of folders. That of a picture `cats/1.jpg` has its other channel in
            `cats/1.jpg` or `cats/1.png`, or with another extension of pictures; of a colored
            picture there, red is used. It is resized to the size of the first.
        **kwargs: see `ImageCrops`.

    Raises:
        ValueError: when prepared, if there is no such folder, or a picture is missing in it.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        beside: list[str] | None = None,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        self.beside = list(beside or ())
        self._channels = None

    def index(self, folder=None):
        super().index(folder)
        self._channels = self._others(self.items)

    def item(self, index):
        return self._channels(index, super().item(index))

    def item_inputs(self, source):
        others = self._others(source)
        return lambda index, item, *_: {"images": center_crop(others(index, item), self.size)}

    def stamps_beside(self, source):
        found = {}
        for folder in map(Path, self.beside):
            there = _pictures(folder)
            found |= stamps(there[stem] for stem in _stems(source.names) if stem in there)
        return found

    def encoder_arguments(self):
        return {**super().encoder_arguments(), "image_channels": 3 + len(self.beside)}

    def _others(self, source):
        """Returns a function of an index and the picture that adds the other channels."""
        paths = [tf.constant(_paths(Path(folder), source.names)) for folder in self.beside]

        def added(index, image):
            size = tf.shape(image)[:2]
            return tf.concat([image, *(_channel(path[index], size) for path in paths)], axis=-1)

        return added if paths else lambda index, image: image


def _channel(path, size):
    gray = decode_image(tf.io.read_file(path))[..., :1]
    return tf.cast(tf.round(tf.image.resize(gray, size)), tf.uint8)


def _pictures(folder):
    """Lists the pictures of a folder: name without extension -> path."""
    if not folder.is_dir():
        raise ValueError(f"beside={str(folder)!r} is no folder: name that of the other channel")
    return {
        path.relative_to(folder).with_suffix("").as_posix(): str(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_EXTENSIONS
    }


def _stems(names):
    return [Path(name).with_suffix("").as_posix() for name in names]


def _paths(folder, names):
    """Finds the picture of each name in a folder, whatever its extension."""
    there, wanted = _pictures(folder), _stems(names)
    missing = [name for name, stem in zip(names, wanted, strict=True) if stem not in there]
    if missing:
        raise ValueError(
            f"beside={str(folder)!r} lacks {len(missing)} of {len(wanted)} pictures, the first is "
            f"{missing[0]}: it must have one of the same name for each."
        )
    return [there[stem] for stem in wanted]
