import numpy as np

from tests.contract.cases import Case
from tests.contract.learning import ON_OBJECTS
from tests.contract.sizes import TINY_CROPS

CASE = Case(
    "vision/colorization",
    (
        *TINY_CROPS,
        "--method.encoder.depths=[1,1,1]",
        "--method.encoder.strides=[2,2,1]",
        "--method.encoder.dilations=[1,1,1]",
        "--method.decoder_width=16",
        "--method.upsampling=1",
    ),
    initial_loss=(np.log(261), 1.5),
    theory=("--method.uniform_share=1",),  # without rebalancing, or a small batch is off
    **ON_OBJECTS,
    margins={("untrained", "linear"): 0.05, ("raw", "linear"): 0.05},
)
