"""Training and serving see the same: a graph makes of a file what a recipe's pipeline makes of it.

Inputs of encoders are compared here, to the rounding; vectors in `test_raw.py`.
"""

import functools
import io

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image

from mmssl.pipelines.audio import ConditionedWindows
from mmssl.pipelines.codes import Codes
from mmssl.pipelines.episodes import EpisodeWindows
from mmssl.pipelines.in_graph.inputs import raw_inputs
from mmssl.pipelines.tables import TableRows
from mmssl.pipelines.text.byte_pairs import learn_byte_pairs
from mmssl.pipelines.text.documents import Documents
from mmssl.pipelines.text.tokenizer import SPECIAL_TOKENS, Tokenizer
from mmssl.pipelines.video import VideoClips
from mmssl.recipes import recipe_names
from mmssl.runs import read_recipe
from mmssl.runs.recipe import build
from tests import published
from tests.tolerances import ROUNDING, assert_close

ITEMS = 5
WITHOUT = ("episodes/", "pairs/", "tables/", "video/")  # kinds of recipes without raw inputs
VOCABULARY = [*SPECIAL_TOKENS, *"abcdefghijklmnopqrstuvwxyz", *map("##{}".format, "aeinorst")]


@functools.cache
def byte_pairs():
    return learn_byte_pairs(published.lines()[:300], 400)


@functools.cache
def pipelines():
    """A pipeline of each kind that the recipes have, by what its inputs follow from."""
    found = {}
    for name in recipe_names():
        if name.endswith("_paper") or name.startswith(WITHOUT):
            continue  # the same in other sizes, or nothing that a graph reads
        pipeline = build(read_recipe(name)["data"])
        if isinstance(pipeline, Codes):
            continue  # of a tokenizer, which a graph does not have
        sizes = {k: vars(pipeline).get(k) for k in ("sample_rate", "size", "length")}
        key = (type(pipeline).inputs, getattr(type(pipeline), "encode", None), *sizes.values())
        found.setdefault(key, (name, pipeline))
    return dict(found.values())


def with_vocabulary(pipeline):
    if isinstance(pipeline, Documents):
        learned = "end" in pipeline.roles
        pipeline.tokenizer = byte_pairs() if learned else Tokenizer(VOCABULARY)
    return pipeline


def as_file(item, rate):
    """Writes an array of a built-in source to a file, without loss."""
    file = io.BytesIO()
    if item.dtype == np.uint8:
        Image.fromarray(item).save(file, "PNG")
    else:
        soundfile.write(file, item, rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


def builtin(pipeline):
    """Some items of the recipe's source, as they would be sent, and as the pipeline reads them."""
    source = pipeline.open(pipeline.source).select(np.arange(ITEMS))
    items = [source.read(tf.constant(number, tf.int64)).numpy() for number in range(ITEMS)]
    if isinstance(pipeline, Documents):
        return items, source
    return [as_file(item, source.sample_rate) for item in items], source


def assert_same_inputs(pipeline, sent, source):
    expected = next(iter(pipeline.examples(source, batch_size=len(sent))))
    found = tf.function(raw_inputs(pipeline).function, [tf.TensorSpec([None], tf.string)])(sent)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert_close(found[name], value, ROUNDING, err_msg=name)


@pytest.mark.parametrize("name", list(pipelines()))
def test_inputs_of_every_recipe_are_those_of_its_pipeline(name):
    pipeline = with_vocabulary(pipelines()[name])
    assert_same_inputs(pipeline, *builtin(pipeline))


@pytest.mark.parametrize("kind", [TableRows, VideoClips, EpisodeWindows, Codes])
def test_rows_videos_episodes_and_codes_are_not_read_in_the_graph(kind):
    with pytest.raises(ValueError, match=kind.__name__):
        raw_inputs(kind())


def test_a_pipeline_with_conditions_gives_frames_and_the_unknown_speaker():
    pipeline = ConditionedWindows(num_speakers=3, num_mel_bins=8)
    pipeline.speaker_names = ["a", "b"]
    assert_same_inputs(pipeline, *builtin(pipeline))


def real_files(folder, count):
    files = sorted(path for path in folder.iterdir() if path.suffix != ".tsv")
    return files[:: max(1, len(files) // count)][:count]


@pytest.mark.parametrize("name", ["audio/cpc", "audio/cpc_16khz"])
def test_real_recordings_of_any_rate_are_heard_alike(name, real_data, tmp_path):
    pipeline = pipelines()[name]
    for number, file in enumerate(real_files(real_data / "audio" / "fsdd" / "test", 3)):
        (tmp_path / f"{number}.wav").write_bytes(file.read_bytes())
    for number, file in enumerate(real_files(real_data / "audio" / "esc10" / "audio", 2)):
        wave, rate = soundfile.read(file)
        stereo = np.stack([wave[:8000], 0.5 * wave[:8000]], axis=1)
        soundfile.write(tmp_path / f"stereo{number}.wav", stereo, (44100, rate)[number], "PCM_24")
    sent = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert_same_inputs(pipeline, sent, str(tmp_path))


def test_real_pictures_of_mixed_formats_are_seen_alike(real_data, tmp_path):
    folders = (real_data / "images" / "caltech101" / "test", real_data / "pairs/emoji/images")
    for number, file in enumerate(path for folder in folders for path in real_files(folder, 4)):
        (tmp_path / f"{number}{file.suffix}").write_bytes(file.read_bytes())
        for kind in ("bmp", "webp", "gif"):
            Image.open(file).convert("RGB").save(tmp_path / f"{number}.{kind}")
    sent = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    pipeline = build(read_recipe("vision/colorization")["data"])
    assert_same_inputs(pipeline, sent, str(tmp_path))


def test_real_texts_are_read_alike(real_data):
    lines = (real_data / "text" / "clinc150.tsv").read_text().splitlines()[1:200]
    for name in ("text/gpt", "text/bert"):
        assert_same_inputs(with_vocabulary(pipelines()[name]), lines, lines)
