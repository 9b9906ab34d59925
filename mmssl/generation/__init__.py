"""Samplers of generative methods, and generation of audio and text from a run."""

from mmssl.generation.audio import generate_audio
from mmssl.generation.code_sampler import CodeSampler
from mmssl.generation.coded_audio import generate_coded_audio
from mmssl.generation.samplers import audio_sampler
from mmssl.generation.text import generate_text
from mmssl.generation.token_generator import TokenGenerator
from mmssl.generation.wavenet_sampler import WaveNetSampler
from mmssl.generation.wavernn_sampler import WaveRNNSampler

__all__ = [
    "CodeSampler",
    "TokenGenerator",
    "WaveNetSampler",
    "WaveRNNSampler",
    "audio_sampler",
    "generate_audio",
    "generate_coded_audio",
    "generate_text",
]
