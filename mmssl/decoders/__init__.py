"""Decoders and discriminators: networks that methods train with but do not deploy."""

from mmssl.decoders.bart import BartDecoder
from mmssl.decoders.convolutional import conv_decoder
from mmssl.decoders.dilated_residual import dilated_residual_decoder, mirrored_decoder
from mmssl.decoders.discrete_vae import discrete_vae_decoder
from mmssl.decoders.discriminator import dcgan_discriminator, patch_discriminator
from mmssl.decoders.inpainting import inpainting_decoder
from mmssl.decoders.ipt import ipt_decoder, ipt_tail
from mmssl.decoders.masked import masked_decoder
from mmssl.decoders.patches import patch_decoder
from mmssl.decoders.perceptual import perceptual_network, saved_perceptual_network
from mmssl.decoders.reconstruction import latent_decoder, reconstruction_decoder, tied_decoder
from mmssl.decoders.strided_residual import strided_residual_decoder
from mmssl.decoders.t5 import T5Decoder
from mmssl.decoders.two_level import two_level_decoder
from mmssl.decoders.vq_gan import vq_gan_decoder

__all__ = [
    "BartDecoder",
    "T5Decoder",
    "conv_decoder",
    "dcgan_discriminator",
    "dilated_residual_decoder",
    "discrete_vae_decoder",
    "inpainting_decoder",
    "ipt_decoder",
    "ipt_tail",
    "latent_decoder",
    "masked_decoder",
    "mirrored_decoder",
    "patch_decoder",
    "patch_discriminator",
    "perceptual_network",
    "reconstruction_decoder",
    "saved_perceptual_network",
    "strided_residual_decoder",
    "tied_decoder",
    "two_level_decoder",
    "vq_gan_decoder",
]
