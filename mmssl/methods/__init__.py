"""Self-supervised methods, one a file."""

from mmssl.methods.bert import BERT
from mmssl.methods.colorization import Colorization
from mmssl.methods.cpc import CPC
from mmssl.methods.gpt import GPT
from mmssl.methods.inpainting import ContextEncoder
from mmssl.methods.simclr import SimCLR
from mmssl.methods.wavenet import WaveNet

__all__ = ["BERT", "CPC", "GPT", "Colorization", "ContextEncoder", "SimCLR", "WaveNet"]
