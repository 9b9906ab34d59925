"""How much of the true state of an environment a linear map reads from the context."""

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from mmssl.evaluation.probes.features import Embedder

PENALTIES = 10.0 ** np.arange(-2, 6)  # of the ridge, chosen by leaving one out


def state_figures(run, source):
    """Regresses the states of held-out episodes linearly on what is known of their windows.

    Args:
        run: Run; of another pipeline than that of episodes with states there are no figures.
        source: EpisodeSource of held-out episodes.

    Returns:
        dict: `r2_<state>`, how much of the variance of each state the context of the last frame
        tells; `untrained_r2_<state>`, the same of the untrained encoder; and `raw_r2_<state>`, of
        the pixels of the last two frames. 1 is all, 0 no more than the mean tells.

    Raises:
        ValueError: the episodes are those that the states are fitted on.
    """
    if getattr(source, "states", None) is None:
        return {}
    data, names = run.data, source.state_names
    fitted = data.open_to_train()
    if {id(known) for known in fitted.states} & {id(known) for known in source.states}:
        raise ValueError(
            "states are fitted on some episodes and measured on others: give the archive an array "
            "`splits` with train and test, or evaluate on another archive"
        )
    train, test = (data.known_states(part) for part in (fitted, source))
    found = {}
    for prefix, encode in (
        ("", Embedder(run.encoder)),
        ("untrained_", Embedder(run.untrained)),
        ("raw_", _pixels),
    ):
        features = [_vectors(encode, windows) for windows, _ in (train, test)]
        scores = _explained(*features, train[1], test[1])
        found |= {f"{prefix}r2_{name}": float(x) for name, x in zip(names, scores, strict=True)}
    return found


def _vectors(encode, windows):
    return np.asarray(encode([{"frames": windows}])["embedding"])


def _pixels(batches):
    windows = np.concatenate([batch["frames"][:, -2:] for batch in batches])
    return {"embedding": windows.reshape(len(windows), -1)}


def _explained(train, test, states, expected):
    """Fits on training windows, and returns the R2 of each held-out state, (S,)."""
    mean, scale = train.mean(axis=0), train.std(axis=0) + 1e-6
    fitted = RidgeCV(PENALTIES).fit((train - mean) / scale, states)
    return r2_score(expected, fitted.predict((test - mean) / scale), multioutput="raw_values")
