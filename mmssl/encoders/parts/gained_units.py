"""The residual units of DALL-E's discrete VAE: narrow branches that begin nearly silent."""

import keras

HIDDEN = 4  # the branch is narrower by this factor


def spread(width, kernel_size, **options):
    """Builds a convolution whose kernel has a variance of one over its inputs."""
    initial = keras.initializers.VarianceScaling(distribution="untruncated_normal")
    return keras.layers.Conv2D(
        width, kernel_size, padding="same", kernel_initializer=initial, **options
    )


def gained_unit(x, width, kernel_sizes, gain):
    """Adds a branch of four convolutions, each after a ReLU, times a small constant.

    Args:
        x: KerasTensor (B, H, W, C).
        width: channels that come out; where that is not C, a 1x1 convolution leads there. The
            branch has a quarter of them inside.
        kernel_sizes: of the four convolutions.
        gain: factor of the branch.

    Returns:
        KerasTensor (B, H, W, width).
    """
    inner, widths = x, [width // HIDDEN] * (len(kernel_sizes) - 1) + [width]
    for channels, kernel_size in zip(widths, kernel_sizes, strict=True):
        inner = spread(channels, kernel_size)(keras.layers.ReLU()(inner))
    x = x if x.shape[-1] == width else spread(width, 1)(x)
    return keras.layers.Add()([x, keras.layers.Rescaling(gain)(inner)])


def check_levels(name, width, levels, units):
    """Refuses levels without units, and widths that have no quarter.

    Args:
        name: of the function whose arguments they are.
        width: channels where maps are largest.
        levels: number of sizes of maps.
        units: of each level.

    Raises:
        ValueError: one of them is out of range.
    """
    if width < HIDDEN or width % HIDDEN or levels < 1 or units < 1:
        raise ValueError(
            f"{name} needs a width that is a multiple of {HIDDEN}, and levels and units of 1 or "
            f"more; got width={width}, levels={levels}, units={units}."
        )
