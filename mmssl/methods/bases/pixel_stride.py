"""Which pixels of an image a map of predictions is about."""

import math


def pixel_stride(method, image, predictions):
    """Finds the distance in pixels between neighboring predictions, along both axes.

    The prediction at (i, j) is about the pixel at (i, j) times that distance.

    Args:
        method: str, name of the method.
        image: (H, W) of the images.
        predictions: (h, w) of the map.

    Returns:
        int.

    Raises:
        ValueError: no stride relates the two.
    """
    if None not in (*image, *predictions):
        stride = math.ceil(image[0] / predictions[0])
        if tuple(math.ceil(side / stride) for side in image) == tuple(predictions):
            return stride
    raise ValueError(
        f"{method} predicts maps of {tuple(predictions)} for images of {tuple(image)}, which no "
        "stride relates: set upsampling, the strides or the size to match."
    )
