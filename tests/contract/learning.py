"""Parts of cases for the slow check: real data to pretrain on, probes and what they must beat."""


def on_clothes(margin):
    """The learning check of an encoder of small pictures; both probes have one margin."""
    return {
        "source": "images/fashion_mnist",
        "probe": {"source": "{data}/images/fashion_mnist"},
        "margins": {("untrained", "linear"): margin, ("untrained", "knn"): margin},
    }


ON_DIGITS = {
    "source": "audio/fsdd/train",
    "probe": {
        "source": "{data}/audio/fsdd",
        "labels": "{data}/audio/fsdd/labels.tsv",
        "label_column": "digit",
    },
}
ON_NOISES = {
    "source": "audio/esc10/labels.tsv",
    "probe": {
        "source": "{data}/audio/esc10",
        "labels": "{data}/audio/esc10/labels.tsv",
    },
    "margins": {("untrained", "linear"): 0.02, ("untrained", "knn"): 0.1},
}
ON_NOVELS = {
    "source": "text/novels/books",
    "probe": {"source": "{data}/text/novels/author_passages.tsv"},
    # Not over the raw input, nor by kNN: ten minutes do not reach TF-IDF of whole passages.
    "margins": {("untrained", "linear"): 0.02},
}
ON_OBJECTS = {
    "source": "images/caltech101/train",
    "probe": {
        "source": "{data}/images/caltech101",
        "labels": "{data}/images/caltech101/labels.tsv",
    },
}
ON_CENSUS = {
    "source": "tabular/adult.csv",
    "given": ("--data.label_column=income",),
    "probe": {"source": "{data}/tabular/adult.csv", "label_column": "income"},
    "margins": {("untrained", "linear"): 0.0},
}
