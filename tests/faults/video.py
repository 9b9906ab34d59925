"""Faults in what of a video is seen, and when."""

from tests.faults.fault import Fault

_FILES = ("tests/pipelines/video/test_files.py",)
_PAIRS = ("tests/pipelines/video/test_pairs.py",)
_TRIPLES = ("tests/pipelines/video/test_triples.py",)

FAULTS = (
    Fault(
        "a frame is looked at where it begins, and rounding shows the one before",
        "pipelines/video/shown.py",
        "(np.asarray(numbers) + 0.5) * step",
        "np.asarray(numbers) * step",
        ("tests/pipelines/video/test_shown.py",),
    ),
    Fault(
        "frames before the key frame that a seek lands on are taken as they are",
        "pipelines/video/files.py",
        "if first is not None and begin <= moment:",
        "if first is not None:",
        _FILES,
    ),
    Fault(
        "videos that lay on their side are turned the wrong way",
        "pipelines/video/files.py",
        "round(frame.rotation / 90)",
        "-round(frame.rotation / 90)",
        _FILES,
    ),
    Fault(
        "all of a file is decoded for a clip",
        "pipelines/video/files.py",
        "for _ in range(MOST_SOUGHT):",
        "for _ in range(0):",
        _FILES,
    ),
    Fault(
        "frames are in the order of their names as words",
        "pipelines/sources/frame_folders.py",
        "sorted(found, key=_by_number)",
        "sorted(found)",
        ("tests/pipelines/sources/test_frame_folders.py",),
    ),
    Fault(
        "the two clips of a video lie apart uniformly",
        "pipelines/video/pairs.py",
        "return 1.0 - tf.sqrt(1.0 - draws)",
        "return draws",
        _PAIRS,
    ),
    Fault(
        "the first clip always comes first",
        "pipelines/video/pairs.py",
        "tf.where(draws[2] < 0.5, pair, pair[::-1])",
        "pair",
        _PAIRS,
    ),
    Fault(
        "contrast is changed about the mean of each frame",
        "pipelines/video/pairs.py",
        "wide = tf.reshape(columns, [1, self.frames * self.size, 3, self.size])",
        "wide = columns",
        _PAIRS,
    ),
    Fault(
        "frames of a clip are blurred differently",
        "pipelines/video/pairs.py",
        "blur = tf.repeat(blur, self.frames, axis=0)",
        "blur = tf.random.stateless_uniform([self.frames, 2], key)",
        _PAIRS,
    ),
    Fault(
        "triples out of order begin or end elsewhere",
        "pipelines/video/triples.py",
        "chosen = tf.stack([b, between, d])",
        "chosen = tf.stack([b, between, tf.where(in_order == 1, d, c)])",
        _TRIPLES,
    ),
    Fault(
        "a triple that is shown backwards is out of order",
        "pipelines/video/triples.py",
        "return tf.where(draws[1] < 0.5, chosen[::-1], chosen)",
        "return chosen",
        _TRIPLES,
    ),
    Fault(
        "windows of a video are drawn whether anything moves in them or not",
        "pipelines/video/motion.py",
        "weights = moved / total if total > 0 else np.full(len(moved), 1 / len(moved))",
        "weights = np.full(len(moved), 1 / len(moved))",
        _TRIPLES,
    ),
    Fault(
        "the vectors of frames are gathered across clips",
        "mmssl/layers/frames.py",
        "return ops.reshape(images, (-1, self.frames, *images.shape[1:]))",
        "return ops.swapaxes(ops.reshape(images, (self.frames, -1, *images.shape[1:])), 0, 1)",
        ("tests/encoders/test_frame.py",),
    ),
    Fault(
        "an encoder of frames forgets the weights that it was given",
        "mmssl/encoders/frame.py",
        "    _copy_weights(encoder, of_frame)\n",
        "",
        ("tests/encoders/test_frame.py",),
    ),
    Fault(
        "a clip counts as its own nearest",
        "mmssl/methods/cvrl.py",
        "    np.fill_diagonal(cosines, -np.inf)\n",
        "",
        ("tests/methods/test_cvrl.py",),
    ),
    Fault(
        "the answers of the order of frames are exchanged in the report",
        "mmssl/methods/shuffle_and_learn.py",
        "truth[shown] == answer)",
        "truth[shown] != 1)",
        ("tests/methods/test_shuffle_and_learn.py",),
    ),
)
