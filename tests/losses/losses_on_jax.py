"""Runs all losses on JAX; prints values and gradients."""

import json
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import jax
import numpy as np

from tests.losses.contract import all_cases


def main():
    print(json.dumps({name: run(case) for name, case in all_cases().items()}))


def run(case):
    step = jax.jit(jax.value_and_grad(lambda inputs: case.loss(**inputs, **case.labels)))
    value, gradients = step({**case.rows, **case.shared})
    return {
        "value": float(value),
        "gradients": {name: np.array(x).tolist() for name, x in gradients.items()},
    }


if __name__ == "__main__":
    main()
