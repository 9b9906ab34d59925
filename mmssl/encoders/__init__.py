"""Functional Keras encoders; each outputs `features` and `embedding`."""

from mmssl.encoders.adapt import adapt
from mmssl.encoders.amdim import amdim_encoder
from mmssl.encoders.bart import bart_encoder
from mmssl.encoders.bert import bert_encoder
from mmssl.encoders.channel_groups import channel_group_encoder, channel_groups, group_encoders
from mmssl.encoders.code_transformer import code_transformer
from mmssl.encoders.conv import conv_encoder
from mmssl.encoders.cpc import cpc_encoder
from mmssl.encoders.dalle import dalle_encoder
from mmssl.encoders.dcgan import dcgan_encoder
from mmssl.encoders.dense import dense_encoder
from mmssl.encoders.diagonal_bilstm import diagonal_bilstm_encoder
from mmssl.encoders.dilated_residual import dilated_residual_encoder
from mmssl.encoders.discrete_vae import discrete_vae_encoder
from mmssl.encoders.episode import episode_encoder
from mmssl.encoders.frame import frame_encoder, of_frames
from mmssl.encoders.gpt import gpt_encoder
from mmssl.encoders.image_gpt import image_gpt_encoder
from mmssl.encoders.ipt import ipt_encoder
from mmssl.encoders.nbow import nbow_encoder
from mmssl.encoders.parts.blocks import blocks, cut
from mmssl.encoders.parts.reach import reach, without_levels
from mmssl.encoders.parts.saved import load_encoder
from mmssl.encoders.parts.shortest import shortest
from mmssl.encoders.parts.stages import at_size
from mmssl.encoders.patch_grid import patch_grid_encoder
from mmssl.encoders.pixel_cnn import pixel_cnn_encoder
from mmssl.encoders.pixel_cnn_prior import pixel_cnn_prior_encoder
from mmssl.encoders.resnet import resnet_encoder
from mmssl.encoders.resnet_3d import resnet_3d_encoder
from mmssl.encoders.roberta import roberta_encoder
from mmssl.encoders.row_lstm import row_lstm_encoder
from mmssl.encoders.sentence import sentence_encoder
from mmssl.encoders.small_conv import small_conv_encoder
from mmssl.encoders.som import som_encoder
from mmssl.encoders.spectrogram import spectrogram_encoder
from mmssl.encoders.spectrogram_vit import spectrogram_vit_encoder
from mmssl.encoders.strided_residual import strided_residual_encoder
from mmssl.encoders.t5 import t5_encoder
from mmssl.encoders.table import table_encoder
from mmssl.encoders.token_conv import token_conv_encoder
from mmssl.encoders.token_rnn import token_rnn_encoder
from mmssl.encoders.vit import vit_encoder
from mmssl.encoders.vq_gan import vq_gan_encoder
from mmssl.encoders.wav2vec import wav2vec_encoder
from mmssl.encoders.wavenet import receptive_field, wavenet_encoder
from mmssl.encoders.wavernn import wavernn_encoder
from mmssl.encoders.words import word_encoder
from mmssl.encoders.xlnet import xlnet_encoder

__all__ = [
    "adapt",
    "amdim_encoder",
    "at_size",
    "bart_encoder",
    "bert_encoder",
    "blocks",
    "channel_group_encoder",
    "channel_groups",
    "code_transformer",
    "conv_encoder",
    "cpc_encoder",
    "cut",
    "dalle_encoder",
    "dcgan_encoder",
    "dense_encoder",
    "diagonal_bilstm_encoder",
    "dilated_residual_encoder",
    "discrete_vae_encoder",
    "episode_encoder",
    "frame_encoder",
    "gpt_encoder",
    "group_encoders",
    "image_gpt_encoder",
    "ipt_encoder",
    "load_encoder",
    "nbow_encoder",
    "of_frames",
    "patch_grid_encoder",
    "pixel_cnn_encoder",
    "pixel_cnn_prior_encoder",
    "reach",
    "receptive_field",
    "resnet_3d_encoder",
    "resnet_encoder",
    "roberta_encoder",
    "row_lstm_encoder",
    "sentence_encoder",
    "shortest",
    "small_conv_encoder",
    "som_encoder",
    "spectrogram_encoder",
    "spectrogram_vit_encoder",
    "strided_residual_encoder",
    "t5_encoder",
    "table_encoder",
    "token_conv_encoder",
    "token_rnn_encoder",
    "vit_encoder",
    "vq_gan_encoder",
    "wav2vec_encoder",
    "wavenet_encoder",
    "wavernn_encoder",
    "without_levels",
    "word_encoder",
    "xlnet_encoder",
]
