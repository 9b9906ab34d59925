"""Samplers of generative methods, and generation of audio and text from a run."""

from mmssl.generation.audio import generate_audio
from mmssl.generation.text import generate_text
from mmssl.generation.token_generator import TokenGenerator
from mmssl.generation.wavenet_sampler import WaveNetSampler

__all__ = ["TokenGenerator", "WaveNetSampler", "generate_audio", "generate_text"]
