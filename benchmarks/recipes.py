"""Times the steps of recipes alternately, on real batches, and estimates their training time.

Input pipeline and training step run together, as in training. Progress goes to stderr and one JSON
line to stdout; `ratio` is the training time of each recipe over that of the first.

    python benchmarks/recipes.py text/data2vec text/data2vec2 --source books/
"""

import argparse
import json
import os
import statistics

from steps import log, rounded


def main():
    options = parse_options()
    rounds = {recipe: [] for recipe in options.recipes}
    steppers = {recipe: stepper(recipe, options.source) for recipe in options.recipes}
    for number in range(options.rounds):
        for recipe, (step, _) in steppers.items():
            rounds[recipe].append(measure(step, options))
            log(f"round {number + 1}, {recipe}: {rounds[recipe][-1]['step_s']:.3f} s per step")
    results = [
        summary(recipe, step_count, rounds[recipe]) for recipe, (_, step_count) in steppers.items()
    ]
    ratio = {r["recipe"]: r["training_s"] / results[0]["training_s"] for r in results}
    print(json.dumps(rounded({"bench": "recipes", "results": results, "ratio": ratio})), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="+", help="names or YAML files")
    parser.add_argument(
        "--source", help="folder, file or builtin:...; by default the recipe's built-in"
    )
    parser.add_argument("--steps", type=int, default=20, help="quiet steps to time per round")
    parser.add_argument(
        "--budget", type=float, default=15.0, help="seconds of timed steps per round"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each recipe")
    return parser.parse_args()


def stepper(recipe, source):
    """Builds a recipe; returns a function that runs one training step, and the number of steps."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from mmssl.optimizers.build import build_optimizer
    from mmssl.runs import read_recipe
    from mmssl.runs.fit import Fit
    from mmssl.runs.recipe import build

    config = read_recipe(recipe, [f"--data.source={source}"] if source else [])
    fit = Fit(**config["fit"])
    keras.utils.set_random_seed(fit.seed)
    data = build(config["data"]).prepare()
    steps = fit.steps or round(fit.epochs * len(data))
    method = build(config["method"])
    method.set_total_steps(steps)

    def make(variables, rate=1.0, constant=False):
        return build_optimizer(fit, variables, rate * fit.learning_rate, fit.weight_decay)

    method.compile(**method.make_optimizers(make), jit_compile=fit.jit_compile)
    method.make_train_function()
    batches = data.batches(seed=fit.seed)
    method.adapt(batches)
    batches = iter(batches)
    return lambda: float(method.train_function([next(batches)])["loss"]), steps


def measure(step, options):
    from timing import time_steps

    return time_steps(step, os.cpu_count(), steps=options.steps, budget=options.budget)


def summary(recipe, steps, rounds):
    step_s = statistics.median(one["step_s"] for one in rounds)
    return {
        "recipe": recipe,
        "step_s": step_s,
        "steps": steps,
        "training_s": steps * step_s,
        "step_s_of_rounds": [one["step_s"] for one in rounds],
        "other_cores": max(one["other_cores"] for one in rounds),
    }


if __name__ == "__main__":
    main()
