"""DeepCluster: what is clustered before an epoch, and what is classified in it."""

import numpy as np

from tests.contract.cases import Case
from tests.contract.sizes import TINY_VIEWS

CASE = Case(
    "vision/deepcluster",
    (
        *TINY_VIEWS,
        "--data.limit=16",
        "--method.memory_size=16",
        "--method.clusters=4",
        "--method.components=4",
        "--method.iterations=3",
    ),
    initial_loss=(np.log(4), 0.05),
)
