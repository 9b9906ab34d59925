"""Raw-input features without pretraining: the baseline that an encoder must beat.

Each baseline belongs to one input of the encoder contract, and computes features of the train and
test items for the same probes.
"""

import itertools

import librosa
import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from mmssl.evaluation.probes.features import Features
from mmssl.pipelines.audio.budget import SAMPLES

SIDE, COMPONENTS = 32, 200
COEFFICIENTS, MEL_BANDS, WINDOW_SECONDS, STEP_SECONDS = 20, 40, 0.032, 0.010
PCA_ITEMS = 10000  # to fit the principal components on
WORDS, TEXT_GRID = 50000, (0.1, 1.0, 10.0)  # the most frequent words and word pairs
BEGINNING = 2**15  # characters of each text, more than any encoder sees
COUNTED = 2**23  # characters of the training texts, to choose the words from


def raw_baseline(data, sources, seed=0, progress=None):
    """Computes the raw-input features of a modality.

    Args:
        data: Pipeline; the names of the encoder's inputs determine the modality.
        sources: list of Source, the training items first; the features are fitted to them only.
        seed: of the principal component analysis.
        progress: None or function (examples done).

    Returns:
        Features, or None for inputs that have no baseline.
    """
    inputs = data.examples(sources[0]).element_spec
    for name, baseline in BASELINES.items():
        if name in inputs:
            return baseline(data, sources, seed, progress)
    return None


def image_baseline(data, sources, seed=0, progress=None):
    """Standardized pixels of the image at 32 x 32, projected onto 200 principal components.

    Args:
        data: Pipeline with `images` float32 (B, H, W, C) in [0, 1].
        sources: see `raw_baseline`.
        seed: see `raw_baseline`.
        progress: see `raw_baseline`.

    Returns:
        Features.
    """
    images = [_rows(data, source, _small_images, progress) for source in sources]
    return _components(images, seed)


def frame_baseline(data, sources, seed=0, progress=None):
    """What `image_baseline` makes of one frame, that in the middle of the clip.

    Args:
        data: Pipeline with `frames` float32 (B, T, H, W, C) in [0, 1].
        sources: see `raw_baseline`.
        seed: see `raw_baseline`.
        progress: see `raw_baseline`.

    Returns:
        Features.
    """

    def middle(batch):
        return _small_images({"images": batch["frames"][:, batch["frames"].shape[1] // 2]})

    features = _components([_rows(data, source, middle, progress) for source in sources], seed)
    features.name = f"one frame, {features.name}"
    return features


def _components(images, seed):
    """Principal components of pixels, uint8 (N, H, W, C), of each source, the first one fitted."""
    height, width = images[0].shape[1:3]
    pixels = [x.reshape(len(x), -1) for x in images]
    train = pixels[0]
    chosen = np.random.default_rng(seed).permutation(len(train))[:PCA_ITEMS]
    sample = train[np.sort(chosen)].astype(np.float32)
    mean, scale = sample.mean(axis=0), sample.std(axis=0) + 1e-3
    components = min(COMPONENTS, *sample.shape)
    pca = PCA(components, svd_solver="randomized", random_state=seed)
    with threadpool_limits(1):
        pca.fit((sample - mean) / scale)
    # A thousand at a time: a pixel takes one byte, a float four.
    parts = [
        np.concatenate(
            [pca.transform((x[i : i + 1000] - mean) / scale) for i in range(0, len(x), 1000)]
        )
        for x in pixels
    ]
    name = f"{height} x {width} pixels, {components} principal components"
    return Features(parts, name, standardize=False)


def audio_baseline(data, sources, seed=0, progress=None):
    """Mean and standard deviation over time of 20 MFCCs, standardized.

    Args:
        data: AudioWindows.
        sources: see `raw_baseline`.
        seed: unused; nothing is random.
        progress: see `raw_baseline`.

    Returns:
        Features.
    """

    parts = [_mfccs(data, source, progress) for source in sources]
    mean, scale = parts[0].mean(axis=0), parts[0].std(axis=0) + 1e-6
    parts = [(part - mean) / scale for part in parts]
    return Features(parts, f"mean and standard deviation over time of {COEFFICIENTS} MFCCs")


def text_baseline(data, sources, seed=0, progress=None):
    """TF-IDF of words and word pairs in the first 32,768 characters of each text.

    Args:
        data: Documents.
        sources: see `raw_baseline`; of a large training source, texts spread evenly are fitted to.
        seed: unused; nothing is random.
        progress: see `raw_baseline`.

    Returns:
        Features, sparse matrices.
    """
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, max_features=WORDS, dtype=np.float32
    )
    total = sum(map(len, _beginnings(data, sources[0])))
    fitted = _beginnings(data, sources[0])
    vectorizer.fit(itertools.islice(fitted, 0, None, -(-total // COUNTED)))
    if progress is not None:
        progress(len(sources[0]))
    parts = [vectorizer.transform(_beginnings(data, source)) for source in sources]
    return Features(parts, "TF-IDF of words and word pairs", grid=TEXT_GRID)


def table_baseline(data, sources, seed=0, progress=None):
    """Standardized numbers, their gaps, and categories as one-hot vectors.

    Args:
        data: TableRows.
        sources: see `raw_baseline`; mean, deviation and categories are those of the pretraining.
        seed: unused; nothing is random.
        progress: see `raw_baseline`.

    Returns:
        Features.
    """
    parts = [_rows(data, source, data.values_of, progress) for source in sources]
    name = "standardized numbers and one-hot categories"
    return Features(parts, name, standardize=False)


def code_baseline(data, sources, seed=0, progress=None):
    """How often each code occurs in an item, standardized.

    Args:
        data: Codes.
        sources: see `raw_baseline`.
        seed: unused; nothing is random.
        progress: see `raw_baseline`.

    Returns:
        Features.
    """
    entries = data.spec.entries

    def counts(batch):
        return [np.bincount(np.ravel(codes), minlength=entries) for codes in batch["codes"]]

    parts = [_rows(data, source, counts, progress).astype("float32") for source in sources]
    return Features(parts, f"how often each of {entries} codes occurs")


BASELINES = {
    "images": image_baseline,
    "frames": frame_baseline,
    "waveform": audio_baseline,
    "token_ids": text_baseline,
    "numbers": table_baseline,
    "categories": table_baseline,
    "codes": code_baseline,
}


def mfcc_statistics(recording, sample_rate):
    """Mean and standard deviation over time of the MFCCs of one recording.

    Args:
        recording: see `PartReader.open`; long ones are read in parts.
        sample_rate: in hertz.

    Returns:
        float32 (40,).
    """
    frames = sums = squares = 0
    for start in range(0, len(recording), SAMPLES):
        found = _mfcc(recording.span(start, SAMPLES), sample_rate).astype(np.float64)
        frames += found.shape[1]
        sums, squares = sums + found.sum(axis=1), squares + np.square(found).sum(axis=1)
    mean = sums / frames
    deviation = np.sqrt(np.maximum(squares / frames - mean**2, 0))
    return np.concatenate([mean, deviation]).astype(np.float32)


def _mfcc(wave, sample_rate):
    window, step = round(WINDOW_SECONDS * sample_rate), round(STEP_SECONDS * sample_rate)
    return librosa.feature.mfcc(
        y=np.pad(wave, (0, max(0, window - len(wave)))),
        sr=sample_rate,
        n_mfcc=COEFFICIENTS,
        n_fft=window,
        hop_length=step,
        n_mels=MEL_BANDS,
    )


def _mfccs(data, source, progress):
    parts, rows = data.parts(source), []
    for index in range(len(source)):
        with parts.open(index) as recording:
            rows.append(mfcc_statistics(recording, data.sample_rate))
        if progress is not None:
            progress(len(rows))
    return np.stack(rows)


def _beginnings(data, source):
    """Yields the beginnings of texts, str."""
    for text in data.beginnings(source, BEGINNING).as_numpy_iterator():
        yield text[0].decode()[:BEGINNING]


def _small_images(batch):
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
