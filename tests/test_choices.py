"""A misspelt word is refused, by the name of its argument, with the words that are known."""

import keras
import numpy as np
import pytest

from mmssl.encoders import bert_encoder, gpt_encoder, roberta_encoder, vit_encoder, wav2vec_encoder
from mmssl.layers import GridPositions, TokenPooling
from mmssl.losses.token_regression import token_regression
from mmssl.methods.bases import EMATeacher, LatentPrediction
from mmssl.methods.data2vec import Data2Vec
from mmssl.methods.inpainting import ContextEncoder
from mmssl.methods.moco import MoCo


@pytest.fixture(scope="module")
def encoder():
    vectors = keras.Input((4,), name="vectors")
    return keras.Model({"vectors": vectors}, {"features": vectors, "embedding": vectors})


def regression(channel_reduction):
    return token_regression(np.zeros((1, 2)), np.zeros((1, 2)), channel_reduction=channel_reduction)


CHOICES = [
    (MoCo, "key_statistics", "'moving' or 'batch'"),
    (EMATeacher, "statistics", "'averaged' or 'own'"),
    (EMATeacher, "ramp", "'cosine' or 'linear'"),
    (LatentPrediction, "target", "'feed_forward' or 'block'"),
    (LatentPrediction, "normalize", "'instance' or 'layer' or 'none'"),
    (LatentPrediction, "channel_reduction", "'mean' or 'sum' or 'root'"),
    (LatentPrediction, "shared", "'nothing' or 'local' or 'positions'"),
    (Data2Vec, "hide", "'tokens' or 'inputs'"),
    (ContextEncoder, "region", "'center' or 'block' or 'random'"),
]
OF_MODELS = [
    (lambda kind: GridPositions(2, kind=kind), "kind", "'fixed' or 'learned'"),
    (lambda kind: TokenPooling(kind=kind), "kind", "'mean' or 'token'"),
    (regression, "channel_reduction", "'mean' or 'sum' or 'root'"),
    (lambda positions: bert_encoder(positions=positions), "positions", "'learned' or 'rotary'"),
    (lambda positions: gpt_encoder(positions=positions), "positions", "'learned' or 'rotary'"),
    (lambda positions: roberta_encoder(positions=positions), "positions", "'learned' or 'rotary'"),
    (lambda norm: vit_encoder(norm=norm), "norm", "'pre' or 'post'"),
    (lambda pool: vit_encoder(pool=pool), "pool", "'mean' or 'token'"),
    (lambda alibi: wav2vec_encoder(alibi=alibi), "alibi", "'fixed' or 'learned' or None"),
]


@pytest.mark.parametrize(("method", "argument", "known"), CHOICES)
def test_a_method_refuses_a_misspelt_word(method, argument, known, encoder):
    with pytest.raises(ValueError, match=rf"\({argument}='mis'\) is unknown; .* must be {known}\."):
        method(encoder, **{argument: "mis"})


@pytest.mark.parametrize(("build", "argument", "known"), OF_MODELS)
def test_encoders_layers_and_losses_refuse_a_misspelt_word(build, argument, known):
    with pytest.raises(ValueError, match=rf"\({argument}='mis'\) is unknown; .* must be {known}\."):
        build(**{argument: "mis"})
