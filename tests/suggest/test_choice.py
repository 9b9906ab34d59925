"""What is suggested for which data."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from docs import rooms
from mmssl.cli import main
from mmssl.recipes import recipe_names
from mmssl.suggest import suggest
from mmssl.suggest.auto import resolve
from mmssl.suggest.candidates import CANDIDATES
from mmssl.suggest.choice import LEAST
from mmssl.suggest.machine import Machine
from mmssl.training.checks import FEW
from tests.suggest import sources

HERE = Machine(cores=2, memory=8 * 2**30)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return sources.pictures(tmp_path_factory.mktemp("photos"), 120)


def values(suggestion):
    """The overrides as a dict."""
    pairs = zip(suggestion.overrides[::2], suggestion.overrides[1::2], strict=True)
    return {key.removeprefix("--"): value for key, value in pairs}


def test_minutes_decide_between_what_the_data_fit(photos):
    assert suggest(photos, machine=HERE).recipe == "vision/colorization"
    assert suggest(photos, 30, HERE).recipe == "vision/colorization"
    short = suggest(photos, 3, HERE)
    assert short.recipe == "vision/simclr"
    assert any("vision/colorization took 17 minutes" in reason for reason in short.reasons)
    assert any("expect less from 3" in reason for reason in short.reasons)
    assert short.compared.startswith("mmssl pretrain vision/colorization")


def test_of_a_table_a_column_that_is_to_be_told_later_is_spoken_of(tmp_path):
    path = sources.customers(tmp_path / "a.csv", 400)
    suggested = suggest(path, machine=HERE)
    assert suggested.recipe == "tables/denoising_autoencoder"  # of two columns
    assert values(suggested) == {
        "data.source": str(path),
        "data.batch_size": "64",
        "fit.base_batch_size": "256",
    }
    assert "--data.label_column" in suggested.advice[0]


def test_minutes_of_the_documentation_say_nothing_of_a_gpu(photos):
    with_gpu = Machine(cores=16, memory=2**36, gpus=("a GPU",))
    assert suggest(photos, 3, with_gpu).recipe == "vision/colorization"


def test_a_batch_fits_the_data_and_the_learning_rate_fits_the_batch(photos):
    assert values(suggest(photos, 3, HERE)) == {
        "data.source": str(photos),
        "data.size": "32",
        "data.batch_size": "16",
        "fit.base_batch_size": "256",
        "fit.steps": "null",
        "fit.minutes": "3",
    }


def test_without_minutes_the_recipe_keeps_its_own_steps(photos):
    assert values(suggest(photos, machine=HERE)).keys() == {
        *("data.source", "data.batch_size", "fit.base_batch_size")
    }


@pytest.mark.parametrize(
    ("seconds", "rate", "recipe"),
    [(1.0, 8000, "audio/cpc"), (3.0, 16000, "audio/simclr"), (3.0, 8000, "audio/cpc")],
)
def test_length_and_rate_decide_on_sound(seconds, rate, recipe, tmp_path):
    count = 120 if seconds < 2 else 101
    suggestion = suggest(sources.recordings(tmp_path, count, seconds, rate), machine=HERE)
    assert suggestion.recipe == recipe
    # A window must be filled by one recording: 8,000 samples, in whole frames.
    assert values(suggestion).get("data.window") == ("8000" if seconds < 2 else None)


@pytest.mark.parametrize(
    ("make", "recipe"),
    [
        (lambda path: sources.passages(path / "a.tsv", 160), "text/bert"),
        (lambda path: sources.passages(path / "a.tsv", 160, words=9), "text/data2vec2"),
        (lambda path: (path / "a.txt").write_text(sources.sentence(0, 20_000)), "text/gpt"),
        (lambda path: (path / "a.py").write_text(sources.sentence(0, 20_000)), "text/gpt"),
        (lambda path: sources.idx(path / "idx", 200), "vision/data2vec2"),
    ],
    ids=["passages", "short texts", "one long text", "code", "small gray pictures"],
)
def test_kinds_of_texts_and_pictures_have_their_recipes(make, recipe, tmp_path):
    made = make(tmp_path)
    assert suggest(tmp_path if isinstance(made, int) else made, machine=HERE).recipe == recipe


def test_forty_pictures_carry_nothing_and_it_says_what_would_help(tmp_path):
    suggestion = suggest(sources.pictures(tmp_path, 40), 20, HERE)
    assert suggestion.recipe is suggestion.command is None
    told = "\n".join(suggestion.sentences())
    assert "40 pictures, about 40 elements an epoch, are too few" in told
    assert "More unlabeled pictures of the same kind would help" in told
    assert "mmssl pretrain" not in told
    with pytest.raises(ValueError, match="too few to pretrain on"):
        resolve(["--data.source", str(tmp_path)])


def test_a_run_doubts_what_is_too_few_to_be_suggested():
    assert LEAST == FEW


def test_many_copies_and_many_unreadable_files_are_advised_on(tmp_path):
    folder = sources.pictures(tmp_path / "photos", 30)
    for number in range(4):
        (folder / f"copy{number}.png").write_bytes((folder / "0000.png").read_bytes())
        (folder / f"damaged{number}.png").write_bytes(b"none")
    copies, damaged = suggest(folder, machine=HERE).advice[-2:]
    assert copies.startswith("4 of 38 looked at nearly equal another")
    assert damaged.startswith("4 of 38 looked at cannot be read, and a run stops")


def test_code_may_have_files_without_text(tmp_path):
    for number in range(30):
        (tmp_path / f"{number}.py").write_text(f"def function_{number}():\n    return {number}\n")
        (tmp_path / f"package{number}").mkdir()
        (tmp_path / f"package{number}" / "__init__.py").touch()
    assert not [each for each in suggest(tmp_path, machine=HERE).advice if "skip_ratio" in each]


def test_minutes_must_be_above_zero(photos):
    with pytest.raises(ValueError, match="minutes=0 must be above 0"):
        suggest(photos, 0, HERE)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.recipe)
def test_the_figures_of_a_candidate_stand_where_it_says(candidate):
    assert candidate.recipe in recipe_names()
    page, _, heading = candidate.where.partition("#")
    text = (rooms.ROOT / page).read_text(encoding="utf-8")
    assert re.search(rf"^##+ {heading}$", text, re.MULTILINE | re.IGNORECASE)
    for figure in re.findall(r"\d\.\d+", candidate.measured):
        assert figure in text


def test_the_command_answers_without_tensorflow(photos):
    code = (
        "import sys; from mmssl.cli import main; "
        f"main(['suggest', {str(photos)!r}, '--minutes', '3', '--quick', '--json']); "
        "assert 'tensorflow' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = json.loads(ran.stdout)
    assert shlex.split(told["command"])[:3] == ["mmssl", "pretrain", told["recipe"]]
    assert told["look"]["count"] == 120
    assert told["expected"] is None


def test_auto_puts_what_was_given_behind_what_is_suggested(photos):
    given = [f"--data.source={photos}", "--fit.minutes", "3", "--data.batch_size", "8"]
    suggestion = resolve(given)
    assert suggestion.recipe == "vision/simclr"
    assert suggestion.overrides[-len(given) :] == given
    assert "--fit.steps" in suggestion.overrides
    assert [suggestion.command.count(key) for key in ("data.source", "fit.minutes")] == [1, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "auto needs --data.source"),
        (["--data.source", "missing"], "missing does not exist"),
        (["--data.source", "builtin:photos", "--fit.minutes", "soon"], "cannot choose a recipe"),
    ],
)
def test_auto_refuses_in_one_sentence(given, message, capsys):
    assert main(["pretrain", "auto", *given]) == 2
    assert message in capsys.readouterr().err
