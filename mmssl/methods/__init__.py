"""Self-supervised methods, one a file, and the bases that they share."""

from mmssl.methods.amdim import AMDIM
from mmssl.methods.barlow_twins import BarlowTwins
from mmssl.methods.bart import BART
from mmssl.methods.bert import BERT
from mmssl.methods.byol import BYOL
from mmssl.methods.cmc import CMC
from mmssl.methods.colorization import Colorization
from mmssl.methods.cpc import CPC
from mmssl.methods.cpc_2d import CPC2D
from mmssl.methods.data2vec import Data2Vec
from mmssl.methods.data2vec2 import Data2Vec2
from mmssl.methods.deep_infomax import DeepInfoMax
from mmssl.methods.dino import DINO
from mmssl.methods.glove import GloVe
from mmssl.methods.gpt import GPT
from mmssl.methods.hubert import HuBERT
from mmssl.methods.inpainting import ContextEncoder
from mmssl.methods.jigsaw import Jigsaw
from mmssl.methods.mae import MAE
from mmssl.methods.moco import MoCo
from mmssl.methods.moco_v3 import MoCoV3
from mmssl.methods.relative_position import RelativePosition
from mmssl.methods.rotation import RotNet
from mmssl.methods.simclr import SimCLR
from mmssl.methods.simcse import SimCSE
from mmssl.methods.simsiam import SimSiam
from mmssl.methods.swav import SwAV
from mmssl.methods.t5 import T5
from mmssl.methods.vicreg import VICReg
from mmssl.methods.vicregl import VICRegL
from mmssl.methods.wav2vec2 import Wav2Vec2
from mmssl.methods.wavenet import WaveNet
from mmssl.methods.wavernn import WaveRNN
from mmssl.methods.word2vec import Word2Vec
from mmssl.methods.xlnet import XLNet

__all__ = [
    "AMDIM",
    "BART",
    "BERT",
    "BYOL",
    "CMC",
    "CPC",
    "CPC2D",
    "DINO",
    "GPT",
    "MAE",
    "T5",
    "BarlowTwins",
    "Colorization",
    "ContextEncoder",
    "Data2Vec",
    "Data2Vec2",
    "DeepInfoMax",
    "GloVe",
    "HuBERT",
    "Jigsaw",
    "MoCo",
    "MoCoV3",
    "RelativePosition",
    "RotNet",
    "SimCLR",
    "SimCSE",
    "SimSiam",
    "SwAV",
    "VICReg",
    "VICRegL",
    "Wav2Vec2",
    "WaveNet",
    "WaveRNN",
    "Word2Vec",
    "XLNet",
]
