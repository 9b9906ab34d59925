"""Functional Keras encoders; each gives `features` and `embedding`."""

from mmssl.encoders.blocks import blocks, cut
from mmssl.encoders.convnet import conv_decoder, conv_encoder
from mmssl.encoders.dcgan import dcgan_discriminator, dcgan_encoder, inpainting_decoder
from mmssl.encoders.gpt import gpt_encoder
from mmssl.encoders.masked_decoder import masked_decoder
from mmssl.encoders.recurrent import cpc_encoder
from mmssl.encoders.resnet import resnet_encoder
from mmssl.encoders.roberta import roberta_encoder
from mmssl.encoders.saved import saved_encoder
from mmssl.encoders.small_convnet import small_conv_encoder
from mmssl.encoders.spectrogram import spectrogram_encoder
from mmssl.encoders.stages import at_size
from mmssl.encoders.transformer import bert_encoder
from mmssl.encoders.vit import vit_encoder
from mmssl.encoders.wav2vec import wav2vec_encoder
from mmssl.encoders.wavenet import receptive_field, wavenet_encoder
from mmssl.encoders.wavenet_sampler import WaveNetSampler

__all__ = [
    "WaveNetSampler",
    "at_size",
    "bert_encoder",
    "blocks",
    "conv_decoder",
    "conv_encoder",
    "cpc_encoder",
    "cut",
    "dcgan_discriminator",
    "dcgan_encoder",
    "gpt_encoder",
    "inpainting_decoder",
    "masked_decoder",
    "receptive_field",
    "resnet_encoder",
    "roberta_encoder",
    "saved_encoder",
    "small_conv_encoder",
    "spectrogram_encoder",
    "vit_encoder",
    "wav2vec_encoder",
    "wavenet_encoder",
]
