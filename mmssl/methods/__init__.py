"""Self-supervised methods, one a file, and the bases that they share."""

from mmssl.methods.barlow_twins import BarlowTwins
from mmssl.methods.bart import BART
from mmssl.methods.bert import BERT
from mmssl.methods.byol import BYOL
from mmssl.methods.colorization import Colorization
from mmssl.methods.cpc import CPC
from mmssl.methods.data2vec import Data2Vec
from mmssl.methods.data2vec2 import Data2Vec2
from mmssl.methods.dino import DINO
from mmssl.methods.glove import GloVe
from mmssl.methods.gpt import GPT
from mmssl.methods.hubert import HuBERT
from mmssl.methods.hypercolumn_colorization import HypercolumnColorization
from mmssl.methods.inpainting import ContextEncoder
from mmssl.methods.jigsaw import Jigsaw
from mmssl.methods.mae import MAE
from mmssl.methods.moco import MoCo
from mmssl.methods.moco_v3 import MoCoV3
from mmssl.methods.relative_position import RelativePosition
from mmssl.methods.rotation import RotNet
from mmssl.methods.siamese import Siamese
from mmssl.methods.simclr import SimCLR
from mmssl.methods.simcse import SimCSE
from mmssl.methods.simsiam import SimSiam
from mmssl.methods.som import SOM
from mmssl.methods.split_brain import SplitBrain
from mmssl.methods.swav import SwAV
from mmssl.methods.t5 import T5
from mmssl.methods.vicreg import VICReg
from mmssl.methods.wav2vec2 import Wav2Vec2
from mmssl.methods.wavenet import WaveNet
from mmssl.methods.wavernn import WaveRNN
from mmssl.methods.word2vec import Word2Vec
from mmssl.methods.xlnet import XLNet

__all__ = [
    "BART",
    "BERT",
    "BYOL",
    "CPC",
    "DINO",
    "GPT",
    "MAE",
    "SOM",
    "T5",
    "BarlowTwins",
    "Colorization",
    "ContextEncoder",
    "Data2Vec",
    "Data2Vec2",
    "GloVe",
    "HuBERT",
    "HypercolumnColorization",
    "Jigsaw",
    "MoCo",
    "MoCoV3",
    "RelativePosition",
    "RotNet",
    "Siamese",
    "SimCLR",
    "SimCSE",
    "SimSiam",
    "SplitBrain",
    "SwAV",
    "VICReg",
    "Wav2Vec2",
    "WaveNet",
    "WaveRNN",
    "Word2Vec",
    "XLNet",
]
