"""The encoder of episodes: convolutions see each frame, a GRU reads one after the other."""

import keras

from mmssl.layers import EndToken
from mmssl.layers.frames import AllFrames, FramesAsImages, ImagesAsFrames


def episode_encoder(
    size: int = 32,
    frames: int = 24,
    color: bool = False,
    channels: tuple[int, ...] = (32, 64, 64),
    latent_dim: int = 64,
    context_dim: int = 128,
) -> keras.Model:
    """Builds an agent's encoder: a latent of each frame, and what is believed after it.

    Convolutions of stride 2 and a dense layer make the latent of a frame, `block_1`, which does not
    depend on other frames. A GRU over the latents, `block_2`, gives the contexts.

    Args:
        size: height and width of the frames in pixels.
        frames: frames of a window.
        color: whether frames have three channels; else one.
        channels: width of each convolution, one or more.
        latent_dim: width of the latents.
        context_dim: width of the GRU, and of the embedding.

    Returns:
        keras.Model from `frames` float32 (B, frames, size, size, 1 or 3) in [0, 1] to `features`
        (B, frames, context_dim), the contexts, and `embedding` (B, context_dim), the last one.

    Raises:
        ValueError: there is no convolution, or a size is below 1.

    Reference:
        van den Oord, Li, Vinyals 2018, arXiv 1807.03748, section 3.4.
    """
    if not channels or min(size, frames, latent_dim, context_dim, *channels) < 1:
        raise ValueError(
            f"episode_encoder needs sizes of 1 or more; got size={size}, frames={frames}, "
            f"channels={channels}, latent_dim={latent_dim}, context_dim={context_dim}."
        )
    clips = keras.Input((frames, size, size, 3 if color else 1), dtype="float32", name="frames")
    x = FramesAsImages(name="images", dtype="float32")(clips)
    for width in channels:
        x = keras.layers.Conv2D(width, 3, 2, padding="same", activation="relu")(x)
    x = keras.layers.Dense(latent_dim)(keras.layers.Flatten()(x))
    latents = ImagesAsFrames(frames, name="block_1")(x)
    contexts = keras.layers.GRU(context_dim, return_sequences=True, name="block_2")(latents)
    mask = AllFrames(name="mask")(contexts)
    embedding = EndToken(name="pool", dtype="float32")([contexts, mask])
    return keras.Model(
        {"frames": clips}, {"features": contexts, "embedding": embedding}, name="episode_encoder"
    )
