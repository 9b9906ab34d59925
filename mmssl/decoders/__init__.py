"""Decoders and discriminators: networks of a method that are not deployed."""

from mmssl.decoders.convolutional import conv_decoder
from mmssl.decoders.discriminator import dcgan_discriminator
from mmssl.decoders.inpainting import inpainting_decoder
from mmssl.decoders.masked import masked_decoder

__all__ = ["conv_decoder", "dcgan_discriminator", "inpainting_decoder", "masked_decoder"]
