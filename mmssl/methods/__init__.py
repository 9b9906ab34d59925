"""Self-supervised methods, one a file, and the bases that they share."""

from mmssl.methods.align import ALIGN
from mmssl.methods.amdim import AMDIM
from mmssl.methods.barlow_twins import BarlowTwins
from mmssl.methods.bart import BART
from mmssl.methods.bert import BERT
from mmssl.methods.byol import BYOL
from mmssl.methods.clip import CLIP
from mmssl.methods.cmc import CMC
from mmssl.methods.code_prior import CodePrior
from mmssl.methods.codesearchnet import CodeSearchNet
from mmssl.methods.colorization import Colorization
from mmssl.methods.contractive_autoencoder import ContractiveAutoencoder
from mmssl.methods.cpc import CPC
from mmssl.methods.cpc_2d import CPC2D
from mmssl.methods.cpc_action import CPCAction
from mmssl.methods.cvrl import CVRL
from mmssl.methods.dalle import DALLE
from mmssl.methods.data2vec import Data2Vec
from mmssl.methods.data2vec2 import Data2Vec2
from mmssl.methods.deep_belief_network import DeepBeliefNetwork
from mmssl.methods.deep_infomax import DeepInfoMax
from mmssl.methods.deepcluster import DeepCluster
from mmssl.methods.deepcluster_v2 import DeepClusterV2
from mmssl.methods.denoising_autoencoder import DenoisingAutoencoder
from mmssl.methods.dino import DINO
from mmssl.methods.discrete_vae import DiscreteVAE
from mmssl.methods.glove import GloVe
from mmssl.methods.gpt import GPT
from mmssl.methods.hubert import HuBERT
from mmssl.methods.hypercolumn_colorization import HypercolumnColorization
from mmssl.methods.image_gpt import ImageGPT
from mmssl.methods.inpainting import ContextEncoder
from mmssl.methods.interclr import InterCLR
from mmssl.methods.ipt import IPT
from mmssl.methods.jigsaw import Jigsaw
from mmssl.methods.jukebox import Jukebox
from mmssl.methods.mae import MAE
from mmssl.methods.moco import MoCo
from mmssl.methods.moco_v3 import MoCoV3
from mmssl.methods.pixel_prior import PixelPrior
from mmssl.methods.pixel_rnn import PixelRNN
from mmssl.methods.rbm import RBM
from mmssl.methods.relative_position import RelativePosition
from mmssl.methods.rotation import RotNet
from mmssl.methods.scarf import SCARF
from mmssl.methods.shuffle_and_learn import ShuffleAndLearn
from mmssl.methods.siamese import Siamese
from mmssl.methods.simclr import SimCLR
from mmssl.methods.simcse import SimCSE
from mmssl.methods.simsiam import SimSiam
from mmssl.methods.som import SOM
from mmssl.methods.sparse_autoencoder import SparseAutoencoder
from mmssl.methods.split_brain import SplitBrain
from mmssl.methods.stacked_denoising_autoencoder import StackedDenoisingAutoencoder
from mmssl.methods.swav import SwAV
from mmssl.methods.t5 import T5
from mmssl.methods.variational_autoencoder import VariationalAutoencoder
from mmssl.methods.vicreg import VICReg
from mmssl.methods.vicregl import VICRegL
from mmssl.methods.vq_gan import VQGAN
from mmssl.methods.vq_vae import VQVAE
from mmssl.methods.vq_vae_2 import VQVAE2
from mmssl.methods.wav2vec2 import Wav2Vec2
from mmssl.methods.wavenet import WaveNet
from mmssl.methods.wavernn import WaveRNN
from mmssl.methods.word2vec import Word2Vec
from mmssl.methods.xlnet import XLNet

__all__ = [
    "ALIGN",
    "AMDIM",
    "BART",
    "BERT",
    "BYOL",
    "CLIP",
    "CMC",
    "CPC",
    "CPC2D",
    "CVRL",
    "DALLE",
    "DINO",
    "GPT",
    "IPT",
    "MAE",
    "RBM",
    "SCARF",
    "SOM",
    "T5",
    "VQGAN",
    "VQVAE",
    "VQVAE2",
    "BarlowTwins",
    "CPCAction",
    "CodePrior",
    "CodeSearchNet",
    "Colorization",
    "ContextEncoder",
    "ContractiveAutoencoder",
    "Data2Vec",
    "Data2Vec2",
    "DeepBeliefNetwork",
    "DeepCluster",
    "DeepClusterV2",
    "DeepInfoMax",
    "DenoisingAutoencoder",
    "DiscreteVAE",
    "GloVe",
    "HuBERT",
    "HypercolumnColorization",
    "ImageGPT",
    "InterCLR",
    "Jigsaw",
    "Jukebox",
    "MoCo",
    "MoCoV3",
    "PixelPrior",
    "PixelRNN",
    "RelativePosition",
    "RotNet",
    "ShuffleAndLearn",
    "Siamese",
    "SimCLR",
    "SimCSE",
    "SimSiam",
    "SparseAutoencoder",
    "SplitBrain",
    "StackedDenoisingAutoencoder",
    "SwAV",
    "VICReg",
    "VICRegL",
    "VariationalAutoencoder",
    "Wav2Vec2",
    "WaveNet",
    "WaveRNN",
    "Word2Vec",
    "XLNet",
]
