"""Self-supervised methods, one a file."""

from mmssl.methods.bert import BERT
from mmssl.methods.colorization import Colorization
from mmssl.methods.cpc import CPC

__all__ = ["BERT", "CPC", "Colorization"]
