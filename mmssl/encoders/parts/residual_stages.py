"""The stages of residual networks, of images and of clips."""

import keras


def residual_stages(x, counts, width, block):
    """Applies stages of residual blocks, each of which ends in the layer `block_k`.

    The first block of each stage but the first strides by 2, and the width doubles there.

    Args:
        x: KerasTensor, the map that the stem made.
        counts: number of blocks in each stage.
        width: channels of the first stage.
        block: function (x, width, stride, name, stage) -> the branch and the shortcut of a block,
            which are added; stages count from 1.

    Returns:
        KerasTensor.

    Reference:
        He, Zhang, Ren, Sun 2015, arXiv 1512.03385.
    """
    for stage, count in enumerate(counts, start=1):
        for index in range(1, count + 1):
            stride = 2 if stage > 1 and index == 1 else 1
            name = f"unit_{stage}_{index}"
            branch, shortcut = block(x, width * 2 ** (stage - 1), stride, name, stage)
            ends = f"block_{stage}" if index == count else name
            x = keras.layers.ReLU(name=ends)(keras.layers.Add()([branch, shortcut]))
    return x
