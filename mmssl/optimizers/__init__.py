"""Optimizers and schedules that Keras lacks."""

from mmssl.optimizers.adagrad import SparseAdagrad
from mmssl.optimizers.adamw import ScheduledAdamW
from mmssl.optimizers.build import adafactor, adagrad, adamw, momentum_sgd, plain_sgd
from mmssl.optimizers.by_turns import TurnOptimizer
from mmssl.optimizers.lars import LARS
from mmssl.optimizers.paired import PairedOptimizer, paired
from mmssl.optimizers.schedules import TriStage, warmup_cosine

__all__ = [
    "LARS",
    "PairedOptimizer",
    "ScheduledAdamW",
    "SparseAdagrad",
    "TriStage",
    "TurnOptimizer",
    "adafactor",
    "adagrad",
    "adamw",
    "momentum_sgd",
    "paired",
    "plain_sgd",
    "warmup_cosine",
]
