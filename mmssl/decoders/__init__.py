"""Decoders and discriminators: networks that methods train with but do not deploy."""

from mmssl.decoders.convolutional import conv_decoder
from mmssl.decoders.discriminator import dcgan_discriminator
from mmssl.decoders.inpainting import inpainting_decoder
from mmssl.decoders.masked import masked_decoder

__all__ = ["conv_decoder", "dcgan_discriminator", "inpainting_decoder", "masked_decoder"]
