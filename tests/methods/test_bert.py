import numpy as np

from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.contract.sizes import TINY_TEXT

CASE = Case(
    "text/bert",
    (
        *TINY_TEXT,
        "--data.max_predictions=8",
        "--method.encoder.dropout=0.1",
    ),
    still=("--method.encoder.dropout=0",),
    initial_loss=(np.log(400) + np.log(2), 0.2),
    theory=("--method.unigram_bias=false",),
    **ON_NOVELS,
)
