import csv
import json
from dataclasses import replace

import pytest
from rich.console import Console

from mmssl.evaluation import LabeledData, compare
from mmssl.evaluation.probes.results import keep_result
from mmssl.evaluation.report import compare as compare_module
from mmssl.evaluation.report.comparison import print_comparison, write_comparison
from tests.tolerances import ROUNDING, assert_close


def made(run, name, seed=0, knn=0.5, temperature=0.1, seconds=100.0, recipe="vision/simclr"):
    """A run that was trained and probed, as far as a comparison looks."""
    folder = run.folder / name
    folder.mkdir()
    config = {
        "recipe": recipe,
        "method": {"class_path": "SimCLR", "init_args": {"temperature": temperature}},
        "fit": {"seed": seed, "steps": 10},
    }
    one = replace(run, folder=folder, config=config, recipe=recipe)
    with open(one.files.history, "w", newline="") as file:
        table = csv.DictWriter(file, ["step", "seconds"])
        table.writeheader()
        table.writerow({"step": 10, "seconds": seconds})
    if knn is not None:
        keep_result(one.files.metrics, probed(knn))
    return one


def probed(knn, source="digits", **more):
    return {
        "data": {"source": source, "labels": None, "limit": 50},
        "layer": None,
        "encoder": {"knn": knn, "linear": knn + 0.1, "C": 1.0},
        "untrained": {"knn": 0.2, "linear": 0.25},
        "raw": {"knn": 0.3, "linear": 0.4},
        "diagnostics": {"encoder": {"rankme": 10 * knn}},
        **more,
    }


def printed(compared):
    console = Console(record=True, width=200, file=open("/dev/null", "w"))  # noqa: SIM115
    print_comparison(compared, console)
    return console.export_text()


def test_seeds_of_one_recipe_are_one_row_with_its_spread(run):
    runs = [made(run, f"s{seed}", seed, 0.5 + 0.1 * seed, seconds=100 + seed) for seed in range(3)]
    other = made(run, "byol", knn=0.9, recipe="vision/byol")
    compared = compare([*runs, other])
    assert [(row["name"], row["seeds"]) for row in compared["rows"]] == [
        ("vision/simclr", 3),
        ("vision/byol", 1),
    ]
    row = compared["rows"][0]
    assert_close(row["encoder"]["knn"]["mean"], 0.6, ROUNDING, dtype="float64")
    assert_close(row["encoder"]["knn"]["std"], 0.1, ROUNDING, dtype="float64")
    assert_close(row["seconds"]["mean"], 101, ROUNDING, dtype="float64")
    assert_close(row["rankme"]["mean"], 6, ROUNDING, dtype="float64")
    assert row["parameters"] == run.encoder.count_params()
    assert set(compared["raw"]) == {"knn", "linear"}
    for probe, accuracy in (("knn", 0.3), ("linear", 0.4)):
        assert_close(compared["raw"][probe], accuracy, ROUNDING, dtype="float64")
    json.dumps(compared)
    text = printed(compared)
    for shown in ("0.600 ± 0.100", "101 ± 1", "untrained: all", "raw input", "first 50 training"):
        assert shown in text


def test_runs_of_one_recipe_with_other_settings_are_told_apart(run):
    runs = [made(run, "a", temperature=0.1), made(run, "b", temperature=0.5)]
    assert [row["name"] for row in compare(runs)["rows"]] == [
        "vision/simclr (temperature=0.1)",
        "vision/simclr (temperature=0.5)",
    ]


def test_several_probes_of_a_run_are_put_together(run):
    one = made(run, "a")
    keep_result(
        one.files.metrics,
        probed(0.5, probes=["5-shot"], encoder={"5-shot": {"mean": 0.7, "std": 0.1}}),
    )
    keep_result(one.files.metrics, probed(0.9, source="speakers"))
    compared = compare([one], LabeledData("digits", limit=50))
    assert compared["probes"] == ["knn", "linear", "5-shot"]
    assert compared["rows"][0]["encoder"]["5-shot"]["mean"] == 0.7
    assert compared["rows"][0]["encoder"]["knn"]["mean"] == 0.5


def test_votes_of_one_temperature_are_compared_and_the_rest_of_all_results(run):
    one = made(run, "a")
    linear = {"knn": 0.8, "linear": 0.65}
    keep_result(one.files.metrics, probed(0.5, temperature=0.1, encoder=linear))
    for temperature, knn, said in ((0.07, 0.5, False), (0.1, 0.8, True), (1.0, None, False)):
        compared = compare([one], temperature=temperature)
        figures = compared["rows"][0]["encoder"]
        assert figures["linear"]["mean"] == 0.65
        assert figures.get("knn", {}).get("mean") == knn
        assert (f"kNN at temperature {temperature}" in printed(compared)) == said


def test_it_says_how_many_test_items_each_run_was_pretrained_on(run, tmp_path):
    seen = made(run, "seen", knn=None)
    keep_result(seen.files.metrics, probed(0.5, n_test=50, pretrained_on=20))
    clean = made(run, "clean", knn=None, recipe="vision/byol")
    keep_result(clean.files.metrics, probed(0.4, n_test=50, pretrained_on=0))
    compared = compare([seen, clean, made(run, "old", recipe="vision/dino")])
    assert [row.get("pretrained_on") for row in compared["rows"]] == [20, 0, None]
    sentence = (
        "Test items: vision/simclr, 50 (20 of them pretrained on, without labels); "
        "vision/byol, 50, none of them pretrained on."
    )
    assert sentence in " ".join(printed(compared).split())
    assert sentence in write_comparison(compared, tmp_path / "page.html").read_text()


def test_only_what_is_missing_is_evaluated_and_only_where_data_are_given(run, monkeypatch):
    runs = [made(run, "a"), made(run, "b", seed=1, knn=None)]
    asked = []

    def evaluate(run, data, probes, temperature, **rest):
        asked.append((run.folder.name, data.source, data.limit, probes, temperature))
        keep_result(run.files.metrics, probed(0.7))

    monkeypatch.setattr(compare_module, "evaluate", evaluate)
    unprobed = compare(runs)
    assert unprobed["rows"][0]["encoder"]["knn"]["draws"] == [0.5]
    assert "1 of 2" in printed(unprobed)
    assert asked == []
    compared = compare(runs, LabeledData("digits", limit=50))
    assert asked == [("b", "digits", 50, ("knn", "linear"), 0.07)]
    assert compared["rows"][0]["encoder"]["knn"]["draws"] == [0.5, 0.7]


def test_what_was_probed_at_an_earlier_step_does_not_count(run):
    one, early = made(run, "a"), made(run, "b", seed=1, knn=None)
    keep_result(one.files.metrics, probed(0.9, step=4))
    assert compare([one])["rows"][0]["encoder"]["knn"]["mean"] == 0.5
    keep_result(early.files.metrics, probed(0.9, step=4))
    with pytest.raises(ValueError, match="has not been probed: give data"):
        compare([early])


def test_runs_that_were_never_probed_need_data(run):
    with pytest.raises(ValueError, match="has not been probed: give data"):
        compare([made(run, "a", knn=None)])


def test_the_page_holds_the_table_and_a_figure_a_probe(run, tmp_path):
    runs = [made(run, "a"), made(run, "b", knn=None, recipe="vision/<byol>")]
    path = write_comparison(compare(runs), tmp_path / "pages" / "runs.html")
    text = path.read_text()
    assert text.count("<svg") == 2
    assert "vision/&lt;byol&gt;" in text
    assert "0.500" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    with pytest.raises(ValueError, match=r"ends in \.html"):
        write_comparison(compare(runs), tmp_path / "runs.png")
