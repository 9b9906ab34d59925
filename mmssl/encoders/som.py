"""A self-organizing map as an encoder."""

import keras

from mmssl.layers import PrototypeGrid


def som_encoder(
    size: int = 28, rows: int = 10, columns: int = 10, encoder: keras.Model | None = None
) -> keras.Model:
    """Builds a grid of prototypes of pictures, or of what another encoder makes of its inputs.

    Args:
        size: height and width of the images in pixels; unused with `encoder`.
        rows: of the grid.
        columns: of the grid.
        encoder: keras.Model whose embedding the prototypes are compared with, such as
            `load_encoder("runs/simclr")`; its weights are not trained from here on. None for the
            pixels themselves.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1], or the inputs of `encoder`,
        to `features` (B, rows, columns, 1), the activations of the prototypes (see
        `mmssl.layers.PrototypeGrid`), and `embedding` (B, rows * columns), the same row by row.

    Reference:
        Kohonen 1982, Biological Cybernetics 43.
    """
    if encoder is None:
        inputs = {"images": keras.Input((size, size, 3), dtype="float32", name="images")}
        vectors = keras.layers.Flatten(name="pixels", dtype="float32")(inputs["images"])
    else:
        encoder.trainable = False
        inputs = {
            name: keras.Input(x.shape[1:], dtype=x.dtype, name=name)
            for name, x in encoder.input.items()
        }
        vectors = encoder(inputs)["embedding"]
    activations = PrototypeGrid(rows, columns, name="grid")(vectors)
    embedding = keras.layers.Flatten(name="pool", dtype="float32")(activations)
    return keras.Model(
        inputs, {"features": activations, "embedding": embedding}, name="som_encoder"
    )
