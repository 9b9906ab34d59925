"""Self-supervised methods, one a file, and the bases that they share."""

from mmssl.methods.barlow_twins import BarlowTwins
from mmssl.methods.bert import BERT
from mmssl.methods.byol import BYOL
from mmssl.methods.colorization import Colorization
from mmssl.methods.cpc import CPC
from mmssl.methods.data2vec import Data2Vec
from mmssl.methods.data2vec2 import Data2Vec2
from mmssl.methods.dino import DINO
from mmssl.methods.gpt import GPT
from mmssl.methods.inpainting import ContextEncoder
from mmssl.methods.moco import MoCo
from mmssl.methods.moco_v3 import MoCoV3
from mmssl.methods.simclr import SimCLR
from mmssl.methods.simcse import SimCSE
from mmssl.methods.simsiam import SimSiam
from mmssl.methods.swav import SwAV
from mmssl.methods.vicreg import VICReg
from mmssl.methods.wavenet import WaveNet
from mmssl.methods.wavernn import WaveRNN

__all__ = [
    "BERT",
    "BYOL",
    "CPC",
    "DINO",
    "GPT",
    "BarlowTwins",
    "Colorization",
    "ContextEncoder",
    "Data2Vec",
    "Data2Vec2",
    "MoCo",
    "MoCoV3",
    "SimCLR",
    "SimCSE",
    "SimSiam",
    "SwAV",
    "VICReg",
    "WaveNet",
    "WaveRNN",
]
