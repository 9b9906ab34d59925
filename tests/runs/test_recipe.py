import pytest

from mmssl.runs import read_recipe, recipe_names
from mmssl.runs.recipe import build


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_reads_and_builds_its_method(name):
    config = read_recipe(name)
    assert build(config["data"]).batch_size > 0
    if not name.endswith("_paper"):
        assert build(config["method"]).encoder.count_params() > 0


def test_overrides_reach_every_section():
    config = read_recipe(
        "audio/cpc",
        [
            "--data.source=folder",
            "--method.prediction_steps",
            "5",
            "--method.encoder.channels=8",
            "--fit.learning_rate=0.5",
            "--probe.layer=block_2",
        ],
    )
    assert config["data"]["init_args"]["source"] == "folder"
    assert config["method"]["init_args"]["prediction_steps"] == 5
    assert config["method"]["init_args"]["encoder"]["init_args"]["channels"] == 8
    assert config["fit"]["learning_rate"] == 0.5
    assert config["probe"]["layer"] == "block_2"


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_takes_what_the_docs_promise_of_data(name):
    promised = {
        "source": "not there",  # or a table would be asked for the columns
        "validation": "test",
        "limit": 5,
        "skip_ratio": 0.5,
        "labels": "labels.tsv",
        "label_column": "digit",
        "split_column": "part",
        "split": "val",
        "num_parallel_calls": 2,
    }
    config = read_recipe(name, [f"--data.{key}={value}" for key, value in promised.items()])
    data = build(config["data"])
    assert {key: getattr(data, key) for key in promised} == promised


def test_the_encoder_shares_the_sizes_of_the_data():
    sizes = ["--data.vocabulary_size=123", "--data.length=40", "--data.max_predictions=8"]
    text = read_recipe("text/bert", sizes)
    encoder = text["method"]["init_args"]["encoder"]["init_args"]
    assert (encoder["vocabulary_size"], encoder["length"]) == (123, 40)
    pictures = read_recipe("vision/colorization", ["--data.size=32"])
    assert pictures["method"]["init_args"]["encoder"]["init_args"]["size"] == 32


def test_the_method_shares_the_tasks_of_the_data():
    single = read_recipe("text/bert", ["--data.next_sentence=false"])
    assert single["method"]["init_args"]["next_sentence"] is False
    assert read_recipe("text/bert")["method"]["init_args"]["next_sentence"] is True


@pytest.mark.parametrize(
    ("name", "overrides", "sentence"),
    [
        (
            "text/bert",
            ["--data.next_sentence=false", "--method.next_sentence=true"],
            "method.next_sentence is True, but the data have False: leave it out",
        ),
        ("vision/colorization", ["--method.encoder.size", "32"], "method.encoder.size is 32.* 64"),
    ],
)
def test_what_contradicts_the_data_is_refused(name, overrides, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_recipe(name, overrides)


def test_a_recipe_file_that_contradicts_itself_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "data: {class_path: mmssl.pipelines.images.ImageCrops, init_args: {size: 32}}\n"
        "method:\n  class_path: mmssl.methods.Colorization\n  init_args:\n"
        "    encoder: {class_path: mmssl.encoders.conv_encoder, init_args: {size: 48}}\n"
        "fit: {steps: 3}\n"
    )
    with pytest.raises(ValueError, match=r"method.encoder.size is 48, but the data have 32"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("name", "overrides", "sentence"),
    [
        ("audio/cp", [], "no recipe 'audio/cp'; choose one of .*audio/cpc"),
        ("missing.yaml", [], "no recipe file missing.yaml"),
        ("audio/cpc", ["--data.sorce=x"], "'data.sorce'; did you mean 'data.source'"),
        ("audio/cpc", ["--fit.step=3"], "'fit.step'; did you mean 'fit.steps'"),
        ("audio/cpc", ["--method.encoder.chanels=3"], "did you mean 'method.encoder.channels'"),
        ("audio/cpc", ["--fit.steps=many"], "fit.steps cannot be many"),
        ("audio/cpc", ["--fit.keep=3"], "fit.keep cannot be 3: it has keys of its own"),
        ("audio/cpc", ["--fit.keep={a: 1}"], "There is no key 'fit.keep.a'"),
        (
            "audio/cpc",
            ["--fit.precision=float8"],
            "fit.precision cannot be float8. It takes 'float32' or 'mixed_bfloat16'.",
        ),
        ("audio/cpc", ["--fit.steps=-3"], "fit.steps must be above 0; got -3"),
        ("audio/cpc", ["--fit.steps=null"], "fit needs one of epochs, steps and minutes"),
        ("audio/cpc", ["--data.batch_size=0"], "batch_size"),
        ("audio/cpc", ["--method.prediction_steps=lots"], "prediction_steps"),
    ],
)
def test_what_a_signature_does_not_allow_is_refused_in_one_sentence(name, overrides, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        read_recipe(name, overrides)
    assert "\n" not in str(error.value)


def test_a_recipe_file_of_the_users_own_is_read_safely(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("data: !!python/object/apply:os.system ['true']")
    with pytest.raises(ValueError, match="is not valid YAML"):
        read_recipe(str(path))
    path.write_text("model: {}")
    with pytest.raises(ValueError, match="its sections are data, method, fit, probe"):
        read_recipe(str(path))
    path.write_text(
        "data: {class_path: mmssl.pipelines.audio.AudioWindows, init_args: {wndow: 3}}\n"
        "method: {class_path: mmssl.methods.CPC}\nfit: {steps: 3}\n"
    )
    with pytest.raises(ValueError, match=r"'data.wndow'; did you mean 'data.window'"):
        read_recipe(str(path))
