from tests.contract.cases import Case
from tests.contract.sizes import TINY_VIEWS

CASE = Case(
    "vision/deep_infomax",
    (
        *TINY_VIEWS,
        "--method.layer=block_1",
        "--method.bound=jsd",
        "--method.global_weight=0.5",
        "--method.width=8",
    ),
)
