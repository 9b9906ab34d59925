"""A small table of made-up customers, whose group shows in several columns together."""

import numpy as np

ROWS, SEED = 2400, 0
GROUPS = ("family", "retired", "student")
_JOBS = (("clerk", "nurse", "driver", "teacher"), ("none", "clerk"), ("none", "waiter", "driver"))
_TOWNS = ("Ashford", "Brook", "Dale", "Ely", "Ford")


def make():
    """Makes the table, the same at every call.

    Returns:
        dict from the name of a column to an array (2400,) of numbers or str: the inputs age,
        income, visits, distance, job, town, member and since, with gaps; label, one of three
        groups; split, every fifth row test.
    """
    draw = np.random.default_rng(SEED)
    group = draw.integers(0, 3, ROWS)
    age = np.array([42.0, 70.0, 23.0])[group] + draw.normal(0, 8, ROWS)
    income = np.exp(np.array([10.5, 10.0, 9.3])[group] + 0.4 * draw.normal(size=ROWS))
    visits = draw.poisson(np.array([4, 8, 6])[group])
    distance = draw.gamma(2.0, 3.0, ROWS) + 0.05 * income / 1000
    jobs = [_JOBS[g][draw.integers(0, len(_JOBS[g]))] for g in group]
    town = (group * 2 + draw.integers(0, 3, ROWS)) % len(_TOWNS)
    since = np.datetime64("2024-01-01") - draw.integers(1, 30 + 40 * visits + 1, ROWS)
    income[draw.uniform(size=ROWS) < 0.08] = np.nan
    jobs = np.where(draw.uniform(size=ROWS) < 0.05, "", np.array(jobs))
    return {
        "age": np.round(np.clip(age, 16, None)),
        "income": np.round(income, -1),
        "visits": visits.astype(float),
        "distance": np.round(distance, 1),
        "job": jobs,
        "town": np.array(_TOWNS)[town],
        "member": np.where(draw.uniform(size=ROWS) < 0.2 + 0.05 * visits, "yes", "no"),
        "since": since.astype(str),
        "label": np.array(GROUPS)[group],
        "split": np.where(np.arange(ROWS) % 5 == 4, "test", "train"),
    }
