from rich.console import Console

from mmssl.evaluation.probes.table import (
    accuracy_rows,
    in_use,
    print_table,
    probe_caption,
    probe_title,
    standard_error,
)


def printed(result):
    console = Console(record=True, width=120, file=open("/dev/null", "w"))  # noqa: SIM115
    print_table(result, console)
    return console.export_text()


def test_the_table_shows_every_figure(result):
    text = printed(result)
    for shown in ("0.800 ± 0.040", "0.950", "untrained encoder", "raw input", "100 test items"):
        assert shown in text
    assert "digit in clips/[red]" in text
    assert "1.2500" in text
    assert "knn 0.1" in text


def test_other_probes_have_their_columns_and_rows_without_them_a_gap(result):
    few = {"mean": 0.6, "std": 0.0213, "draws": [0.6]}
    rows = {"encoder": {"weighted": 0.9, "5-shot": few}, "raw": {"5-shot": few | {"mean": 0.7}}}
    text = printed(result | rows | {"untrained": rows["encoder"], "probes": ["weighted", "5-shot"]})
    assert "0.600 ± 0.021" in text
    assert "standard deviation over draws" in " ".join(text.split())
    (raw,) = [line.split("│") for line in text.splitlines() if "raw input" in line]
    assert raw[2].strip() == ""


def test_the_best_of_each_probe_is_marked(result):
    best = {name: marks for name, _, marks in accuracy_rows(result, blocks=True)}
    assert best["raw input"] == {"knn": True, "linear": False}
    assert best["encoder to block_1"] == {"knn": False, "linear": True}


def test_every_block_is_shown_trained_and_untrained(result):
    lines = [line.split("│") for line in printed(result).splitlines() if " to block_1" in line]
    assert [line[1].strip() for line in lines] == [
        "encoder to block_1",
        "untrained encoder to block_1",
    ]
    assert "0.350" in lines[1][3]


def test_the_rows_without_blocks_have_a_best_of_their_own(result):
    rows = {name: marks for name, _, marks in accuracy_rows(result)}
    assert list(rows) == ["encoder", "untrained encoder", "raw input"]
    assert rows["encoder"]["linear"]


def test_a_result_of_held_out_figures_alone_is_printed(result):
    few = {name: result[name] for name in ("data", "layer", "n_test", "held_out", "seconds")}
    text = printed(few)
    assert "held out" in text
    assert "untrained" not in text


def test_the_reason_for_missing_held_out_figures_is_printed(result):
    text = printed(result | {"held_out": {}, "held_out_missing": "no next [sentence]"})
    assert "no held-out metrics: no next [sentence]" in text


def test_the_standard_error_is_that_of_a_share():
    assert standard_error(0.5, 100) == 0.05
    assert standard_error(1.0, 100) == 0


def test_title_and_caption_say_what_was_probed(result):
    assert probe_title(result) == "digit in clips/[red]"
    assert probe_title(result | {"layer": "block_2"}).endswith("encoders cut after block_2")
    assert "trained on 400, 10 classes" in probe_caption(result)


def whitened(result, used):
    white = {"encoder": {"knn": 0.99, "linear": 0.91}, "raw": {"knn": 0.7, "linear": 0.75}}
    about = {"used": used, "why": "told to", "components": 64}
    return result | {"whitened": white, "whitening": about}


def test_whitened_features_have_rows_below_the_plain_ones(result):
    rows = [name for name, _, _ in accuracy_rows(whitened(result, True))]
    plain = ["encoder", "untrained encoder", "raw input"]
    assert rows == [*plain, "encoder, whitened", "raw input, whitened"]
    assert "0.990 ± 0.010" in printed(whitened(result, True))


def test_the_caption_says_whether_vectors_are_whitened_and_why(result):
    said = {used: probe_caption(whitened(result, used)) for used in (True, False)}
    assert "exported vectors are whitened (64 components): told to." in said[True]
    assert "exported vectors are not whitened: told to." in said[False]
    assert "whitened" not in probe_caption(result)


def test_the_accuracies_in_use_are_those_of_the_deployed_vectors(result):
    assert in_use(whitened(result, True))["encoder"]["knn"] == 0.99
    assert in_use(whitened(result, True))["untrained"] == result["untrained"]
    assert in_use(whitened(result, True))["raw"] == {"knn": 0.85, "linear": 0.75}
    assert in_use(whitened(result, False))["encoder"] == result["encoder"]
    assert in_use(result) is result
