"""Losses as pure functions of tensors in keras.ops."""

from mmssl.losses.adversarial import discriminator_accuracy, discriminator_loss, generator_loss
from mmssl.losses.color_distribution import color_distribution_loss
from mmssl.losses.info_nce import future_info_nce
from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.losses.weighted_squared_error import weighted_squared_error

__all__ = [
    "color_distribution_loss",
    "discriminator_accuracy",
    "discriminator_loss",
    "future_info_nce",
    "generator_loss",
    "masked_cross_entropy",
    "weighted_squared_error",
]
