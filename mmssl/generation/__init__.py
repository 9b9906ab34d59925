"""Samplers of every generator: sound, text, pictures."""

from mmssl.generation.audio import generate_audio
from mmssl.generation.text import generate_text
from mmssl.generation.token_generator import TokenGenerator
from mmssl.generation.wavenet_sampler import WaveNetSampler

__all__ = ["TokenGenerator", "WaveNetSampler", "generate_audio", "generate_text"]
