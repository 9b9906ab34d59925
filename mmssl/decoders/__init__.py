"""Decoders and discriminators: networks that methods train with but do not deploy."""

from mmssl.decoders.bart import BartDecoder
from mmssl.decoders.convolutional import conv_decoder
from mmssl.decoders.discriminator import dcgan_discriminator
from mmssl.decoders.inpainting import inpainting_decoder
from mmssl.decoders.ipt import ipt_decoder, ipt_tail
from mmssl.decoders.masked import masked_decoder
from mmssl.decoders.patches import patch_decoder
from mmssl.decoders.reconstruction import latent_decoder, reconstruction_decoder, tied_decoder
from mmssl.decoders.strided_residual import strided_residual_decoder
from mmssl.decoders.t5 import T5Decoder

__all__ = [
    "BartDecoder",
    "T5Decoder",
    "conv_decoder",
    "dcgan_discriminator",
    "inpainting_decoder",
    "ipt_decoder",
    "ipt_tail",
    "latent_decoder",
    "masked_decoder",
    "patch_decoder",
    "reconstruction_decoder",
    "strided_residual_decoder",
    "tied_decoder",
]
