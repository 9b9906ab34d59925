"""Losses as pure functions of tensors in keras.ops, for any Keras model.

Those that compare embeddings share one convention. They take this replica's rows, (B, D) in any
float dtype: `first` and `second` where the two views are interchangeable, otherwise named by their
roles; `embeddings` and `labels` where classes are known; lists of (B, K), large crops first, with
multi-crop. They compute in float32, gather what the rows are compared with from all replicas, and
return a scalar, the mean over this replica's rows. Its mean over the replicas is the loss of the
global batch: divide by their number before gradients are summed, as Pretrainer does. State that a
method keeps from step to step, such as a center, a queue or a learned temperature, is passed in.
"""

from mmssl.losses.adversarial import (
    adaptive_weight,
    discriminator_accuracy,
    discriminator_loss,
    generator_loss,
    hinge_discriminator_loss,
    linear_generator_loss,
)
from mmssl.losses.barlow_twins import barlow_twins_loss, cross_correlation
from mmssl.losses.clip import clip_loss, match_loss, same_halves
from mmssl.losses.code_diversity import code_diversity, code_perplexity
from mmssl.losses.color_distribution import color_distribution_loss
from mmssl.losses.contraction import estimated_contraction, sigmoid_contraction
from mmssl.losses.contrastive import contrastive_loss
from mmssl.losses.dino import dino_center, dino_loss
from mmssl.losses.free_energy import free_energy, free_energy_gradient
from mmssl.losses.gaussian_divergence import gaussian_divergence
from mmssl.losses.glove import glove_loss, glove_weights
from mmssl.losses.hue_chroma import hue_chroma_loss
from mmssl.losses.info_nce import future_info_nce, info_nce
from mmssl.losses.infomax import infomax_dv, infomax_jsd, infomax_nce
from mmssl.losses.inter_image import inter_image
from mmssl.losses.largest_errors import largest_squared_errors
from mmssl.losses.lifted_structured import lifted_structured_loss
from mmssl.losses.logistic import logistic_loss
from mmssl.losses.logit_laplace import logit_laplace_nats
from mmssl.losses.masked_contrastive import masked_contrastive
from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.losses.multispectral import multispectral_distance, multispectral_norm
from mmssl.losses.n_pair import n_pair_loss
from mmssl.losses.negative_cosine import negative_cosine
from mmssl.losses.noise_contrastive import nce_log_partition, nce_loss
from mmssl.losses.nt_xent import nt_xent
from mmssl.losses.patch_contrast import patch_contrast
from mmssl.losses.perceptual import perceptual_distance
from mmssl.losses.reconstruction import reconstruction_error
from mmssl.losses.search import search_cross_entropy, search_margin
from mmssl.losses.siglip import siglip_loss
from mmssl.losses.soft_nearest_neighbor import soft_nearest_neighbor_loss
from mmssl.losses.sparsity import sparsity_divergence
from mmssl.losses.swav import sinkhorn, swav_loss
from mmssl.losses.token_regression import token_regression
from mmssl.losses.triplet import triplet_loss
from mmssl.losses.uniform_divergence import uniform_divergence
from mmssl.losses.vicreg import covariance_term, variance_term, vicreg_loss, vicreg_terms
from mmssl.losses.weighted_squared_error import weighted_squared_error

__all__ = [
    "adaptive_weight",
    "barlow_twins_loss",
    "clip_loss",
    "code_diversity",
    "code_perplexity",
    "color_distribution_loss",
    "contrastive_loss",
    "covariance_term",
    "cross_correlation",
    "dino_center",
    "dino_loss",
    "discriminator_accuracy",
    "discriminator_loss",
    "estimated_contraction",
    "free_energy",
    "free_energy_gradient",
    "future_info_nce",
    "gaussian_divergence",
    "generator_loss",
    "glove_loss",
    "glove_weights",
    "hinge_discriminator_loss",
    "hue_chroma_loss",
    "info_nce",
    "infomax_dv",
    "infomax_jsd",
    "infomax_nce",
    "inter_image",
    "largest_squared_errors",
    "lifted_structured_loss",
    "linear_generator_loss",
    "logistic_loss",
    "logit_laplace_nats",
    "masked_contrastive",
    "masked_cross_entropy",
    "match_loss",
    "multispectral_distance",
    "multispectral_norm",
    "n_pair_loss",
    "nce_log_partition",
    "nce_loss",
    "negative_cosine",
    "nt_xent",
    "patch_contrast",
    "perceptual_distance",
    "reconstruction_error",
    "same_halves",
    "search_cross_entropy",
    "search_margin",
    "siglip_loss",
    "sigmoid_contraction",
    "sinkhorn",
    "soft_nearest_neighbor_loss",
    "sparsity_divergence",
    "swav_loss",
    "token_regression",
    "triplet_loss",
    "uniform_divergence",
    "variance_term",
    "vicreg_loss",
    "vicreg_terms",
    "weighted_squared_error",
]
