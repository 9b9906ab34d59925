"""Losses as pure functions of tensors in keras.ops."""

from mmssl.losses.color_distribution import color_distribution_loss
from mmssl.losses.info_nce import future_info_nce
from mmssl.losses.masked_cross_entropy import masked_cross_entropy

__all__ = ["color_distribution_loss", "future_info_nce", "masked_cross_entropy"]
