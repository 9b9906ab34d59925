from tests.contract.cases import Case

CASE = Case(
    "vision/amdim",
    (
        "--data.batch_size=8",
        "--method.encoder.width=4",
        "--method.encoder.embedding_dim=16",
    ),
)
