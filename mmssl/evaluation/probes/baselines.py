"""What the raw input reaches without any learning: the floor that an encoder must beat.

Each floor belongs to one input of the encoder contract, and gives features of train and test items
that the same probes take.
"""

import librosa
import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from mmssl.evaluation.probes.features import Features

SIDE, COMPONENTS = 32, 200
COEFFICIENTS, MEL_BANDS, WINDOW_SECONDS, STEP_SECONDS = 20, 40, 0.032, 0.010
PCA_ITEMS = 10000  # that the principal components are computed from
WORDS, TEXT_GRID = 50000, (0.1, 1.0, 10.0)  # the most frequent words and pairs


def raw_baseline(data, sources, seed=0, progress=None):
    """Computes the raw-input features of a modality.

    Args:
        data: Pipeline, which tells the modality by the names of the encoder's inputs.
        sources: list of Source, the training items first; only they are learned from.
        seed: of the principal components.
        progress: None or function (examples done).

    Returns:
        Features, or None for inputs that have no floor.
    """
    inputs = data.examples(sources[0]).element_spec
    for name, floor in BASELINES.items():
        if name in inputs:
            return floor(data, sources, seed, progress)
    return None


def image_baseline(data, sources, seed=0, progress=None):
    """Standardized pixels of the picture at 32 x 32, projected on 200 principal components.

    Args:
        data: Pipeline with `images` float32 (B, H, W, C) in [0, 1].
        sources: see `raw_baseline`.
        seed: see `raw_baseline`.
        progress: see `raw_baseline`.

    Returns:
        Features.
    """
    pictures = [_rows(data, source, _small_pictures, progress) for source in sources]
    height, width = pictures[0].shape[1:3]
    pixels = [x.reshape(len(x), -1) for x in pictures]
    train = pixels[0]
    chosen = np.random.default_rng(seed).permutation(len(train))[:PCA_ITEMS]
    sample = train[np.sort(chosen)].astype(np.float32)
    mean, scale = sample.mean(axis=0), sample.std(axis=0) + 1e-3
    components = min(COMPONENTS, *sample.shape)
    pca = PCA(components, svd_solver="randomized", random_state=seed)
    with threadpool_limits(1):
        pca.fit((sample - mean) / scale)
    # A thousand at a time: pixels take a byte each, floats four.
    parts = [
        np.concatenate(
            [pca.transform((x[i : i + 1000] - mean) / scale) for i in range(0, len(x), 1000)]
        )
        for x in pixels
    ]
    name = f"{height} x {width} pixels, {components} principal components"
    return Features(parts, name, standardize=False)


def audio_baseline(data, sources, seed=0, progress=None):
    """Mean and deviation over time of 20 mel-frequency cepstral coefficients, standardized.

    Args:
        data: Pipeline with `waveform` float32 (B, T), `padding_mask` int32 (B, T) and an attribute
            `sample_rate` in hertz.
        sources: see `raw_baseline`.
        seed: unused, nothing is drawn.
        progress: see `raw_baseline`.

    Returns:
        Features.
    """

    def statistics(batch):
        lengths = batch["padding_mask"].numpy().sum(axis=1)
        waves = batch["waveform"].numpy()
        return [
            mfcc_statistics(w[:n], data.sample_rate) for w, n in zip(waves, lengths, strict=True)
        ]

    parts = [_rows(data, source, statistics, progress) for source in sources]
    mean, scale = parts[0].mean(axis=0), parts[0].std(axis=0) + 1e-6
    parts = [(part - mean) / scale for part in parts]
    return Features(parts, f"mean and deviation over time of {COEFFICIENTS} MFCC")


def text_baseline(data, sources, seed=0, progress=None):
    """TF-IDF of words and word pairs.

    Args:
        data: unused, the text itself is read.
        sources: see `raw_baseline`; their `read` gives strings.
        seed: unused, nothing is drawn.
        progress: see `raw_baseline`.

    Returns:
        Features, sparse matrices.
    """
    texts = [read_texts(source) for source in sources]
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, max_features=WORDS, dtype=np.float32
    )
    train = vectorizer.fit_transform(texts[0])
    if progress is not None:
        progress(len(texts[0]))
    parts = [train, *map(vectorizer.transform, texts[1:])]
    return Features(parts, "TF-IDF of words and word pairs", grid=TEXT_GRID)


BASELINES = {"images": image_baseline, "waveform": audio_baseline, "token_ids": text_baseline}


def mfcc_statistics(wave, sample_rate):
    """Mean and standard deviation over time of the MFCC of one recording.

    Args:
        wave: float32 (T,).
        sample_rate: in hertz.

    Returns:
        float32 (40,).
    """
    window, step = round(WINDOW_SECONDS * sample_rate), round(STEP_SECONDS * sample_rate)
    frames = librosa.feature.mfcc(
        y=np.pad(wave, (0, max(0, window - len(wave)))),
        sr=sample_rate,
        n_mfcc=COEFFICIENTS,
        n_fft=window,
        hop_length=step,
        n_mels=MEL_BANDS,
    )
    return np.concatenate([frames.mean(axis=1), frames.std(axis=1)]).astype(np.float32)


def read_texts(source):
    """Reads every item of a source of text.

    Args:
        source: Source whose `read` gives string scalars.

    Returns:
        list of str; bytes that are no UTF-8 are replaced.
    """
    items = tf.data.Dataset.range(len(source)).map(source.read, tf.data.AUTOTUNE)
    return [item.decode("utf-8", "replace") for item in items.as_numpy_iterator()]


def _small_pictures(batch):
    images = batch["images"]
    if min(images.shape[1:3]) > SIDE:
        images = tf.image.resize(images, (SIDE, SIDE), "area")
    return tf.cast(tf.round(tf.clip_by_value(images, 0, 1) * 255), tf.uint8).numpy()


def _rows(data, source, features, progress):
    parts = []
    for batch in data.examples(source):
        parts.append(np.asarray(features(batch)))
        if progress is not None:
            progress(sum(map(len, parts)))
    return np.concatenate(parts)
