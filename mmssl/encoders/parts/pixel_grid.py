"""Where in an image the places of a feature map lie."""

import keras

POOLING = keras.layers.MaxPooling2D | keras.layers.AveragePooling2D


def pixel_grid(features):
    """Finds which pixel is in the middle of what each place of a map sees.

    Strides that do not divide the size, and the padding of even kernels, move that middle: by up
    to a pixel at each layer, which adds up. Where ways through the network join again, the first
    one is followed.

    Args:
        features: KerasTensor (B, h, w, C), inside a functional model of `images`.

    Returns:
        Pair of floats: place i of the map is about pixel `stride * i + offset`, along both axes.

    Raises:
        ValueError: a layer on the way changes the size, and is not known.
    """
    stride, offset, after = 1.0, 0.0, features
    while True:
        operation, node, _ = after._keras_history
        given = operation._inbound_nodes[node].input_tensors
        if not given:
            return stride, offset
        own_stride, shift = _step(operation, given[0].shape[1], after.shape[1])
        stride, offset, after = stride * own_stride, offset * own_stride + shift, given[0]


def _step(operation, before, after):
    """The stride of a layer, and the pixel of its input in the middle of its first output."""
    if isinstance(operation, keras.layers.Conv2D):
        kernel, dilation = operation.kernel_size[0], operation.dilation_rate[0]
        return _window((kernel - 1) * dilation + 1, operation.strides[0], operation, before, after)
    if isinstance(operation, POOLING):
        return _window(operation.pool_size[0], operation.strides[0], operation, before, after)
    if isinstance(operation, keras.layers.ZeroPadding2D):
        return 1, -operation.padding[0][0]
    if before != after:
        raise ValueError(
            f"The layer {operation.name} makes maps of {after} from {before}: where its places lie "
            "in an image is not known."
        )
    return 1, 0


def _window(size, stride, layer, before, after):
    padded = max((after - 1) * stride + size - before, 0) if layer.padding == "same" else 0
    return stride, (size - 1) / 2 - padded // 2
