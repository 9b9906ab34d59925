"""DeepCluster v2: what is clustered, when, and what is predicted."""

import numpy as np

from tests.contract.cases import Case
from tests.contract.learning import on_clothes

CASE = Case(
    "vision/deepcluster_v2",
    (
        "--data.batch_size=8",
        "--data.limit=16",
        "--data.size=16",
        "--data.small_size=8",
        "--data.num_small_views=1",
        "--method.encoder.channels=[8,16]",
        "--method.encoder.strides=[2,2]",
        "--method.projector=[16,8]",
        "--method.memory_size=16",
        "--method.clusters=[5]",
        "--method.temperature=0.3",
        "--method.iterations=3",
    ),
    initial_loss=(np.log(5), 0.01),
    theory=("--method.temperature=100",),
    **on_clothes(0.02),
)
