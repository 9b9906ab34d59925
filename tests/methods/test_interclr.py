"""InterCLR: its clusters, and what queries meet of them."""

import numpy as np

from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS

CASE = Case(
    "vision/interclr",
    (
        *TINY_VIEWS,
        "--data.limit=24",
        "--method.projector=[16,8]",
        "--method.queue_size=32",
        "--method.memory_size=24",
        "--method.clusters=3",
        "--method.negatives=6",
        "--method.pool=1",
        "--method.least=4",
        "--method.centroid_steps=2",
    ),
    overfit=None,  # a batch that comes again meets its own keys in the queue
    # The memory's vectors are alike at first, and the margin of -0.5 is divided by T = 10.
    initial_loss=(0.75 * np.log(32 + 1) + 0.25 * np.log(1 + 6 * np.exp(-0.05)), 0.15),
    theory=("--method.temperature=10",),
    **on_clothes(0.01),
)
