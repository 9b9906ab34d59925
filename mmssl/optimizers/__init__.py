"""Optimizers and schedules that Keras lacks."""

from mmssl.optimizers.adamw import ScheduledAdamW
from mmssl.optimizers.build import adamw, momentum_sgd
from mmssl.optimizers.lars import LARS
from mmssl.optimizers.paired import PairedOptimizer, paired
from mmssl.optimizers.schedules import TriStage, warmup_cosine

__all__ = [
    "LARS",
    "PairedOptimizer",
    "ScheduledAdamW",
    "TriStage",
    "adamw",
    "momentum_sgd",
    "paired",
    "warmup_cosine",
]
