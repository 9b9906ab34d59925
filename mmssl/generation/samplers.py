"""The sampler of a method that generates audio."""

from mmssl.generation.wavenet_sampler import WaveNetSampler
from mmssl.generation.wavernn_sampler import WaveRNNSampler
from mmssl.methods import WaveNet, WaveRNN

SAMPLERS = {WaveNet: WaveNetSampler, WaveRNN: WaveRNNSampler}


def audio_sampler(method):
    """Builds the sampler of a method that generates audio.

    Args:
        method: mmssl.methods.WaveNet or WaveRNN.

    Returns:
        `WaveNetSampler` or `WaveRNNSampler`. Both `encode` samples to codes and `decode` them,
        `generate` from a `context`, and have `conditions`.
    """
    return next(build for kind, build in SAMPLERS.items() if isinstance(method, kind))(method)
