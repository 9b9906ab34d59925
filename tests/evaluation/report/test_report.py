import csv
import json
from html.parser import HTMLParser

import numpy as np
import pytest

from mmssl.evaluation import LabeledData, evaluate, write_report
from mmssl.evaluation.probes.results import keep_result, read_results
from mmssl.evaluation.report import report
from mmssl.evaluation.report.curves import curve_panels
from mmssl.evaluation.report.embedding_map import PALETTE, label_colors, project
from mmssl.evaluation.report.figures import OTHER, scatter
from mmssl.evaluation.report.neighbors import choose_queries, neighbor_rows, show_items
from mmssl.evaluation.report.report import _players
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.sources import open_source
from mmssl.pipelines.text import SentencePairs
from tests.evaluation.conftest import SIZE

VOID = {"meta", "img", "br"}


class Checker(HTMLParser):
    """Reads a page, checks that tags close, and collects what it refers to."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.tags, self.words = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def write_history(folder, rows=4):
    names = ("step", "epoch", "loss", "info_nce", "accuracy", "learning_rate", "rankme")
    names += ("embedding_std_ratio", "mean_cosine", "step_seconds", "wait_seconds", "seconds")
    with open(folder / "history.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(names)
        for i in range(1, rows + 1):
            table.writerow([i, i / 4, 3 / i, 3 / i, i / 9, 1e-3, "", 0.5, 0.2, 0.1, 0.01, 75 * i])


def write_environment(folder):
    made = {
        "versions": {"mmssl": "0.1", "keras": "3", "tensorflow": "2"},
        "devices": ["CPU:0"],
        "seed": 7,
        "data": {"items": 100, "fingerprint": "abc"},
    }
    (folder / "environment.json").write_text(json.dumps(made))


@pytest.fixture
def whole(run, result):
    write_history(run.folder)
    write_environment(run.folder)
    picture = np.zeros((8, 24, 3), np.uint8)
    run.made.drawn = [("Painted <b>", "gray & colored", picture)]
    own = LabeledData().or_own(run.data).describe()
    keep_result(run.folder / "metrics.json", result | {"data": own})
    return run


def read(path):
    text = path.read_text(encoding="utf-8")
    return text, Checker(text)


def test_the_verdict_is_of_the_end_whatever_was_measured_at_a_step(whole, result):
    verdict = _verdict_of(write_report(whole))
    path = whole.folder / "metrics.json"
    early = {"step": 3, "encoder": result["untrained"], "untrained": result["encoder"]}
    keep_result(path, read_results(path)[0] | early)
    assert _verdict_of(write_report(whole)) == verdict


def _verdict_of(path):
    return path.read_text(encoding="utf-8").partition("Has it learned?")[2].partition("<h3>")[0]


def test_a_whole_report_is_one_page_that_asks_nothing_of_the_network(whole):
    path = write_report(whole)
    assert path == whole.folder / "report.html"
    text, page = read(path)
    assert page.links
    assert all(link.startswith(("data:", "#")) for link in page.links)
    assert "url(http" not in text
    assert "@import" not in text
    assert "script" not in page.tags
    assert not list(whole.folder.glob(".beside*"))


def test_a_whole_report_shows_all_its_parts(whole):
    text, page = read(write_report(whole))
    words = " ".join(page.words)
    for part in ("Probes", "Training", "Map of the embeddings", "Nearest neighbors", "Method"):
        assert part in words
    for shown in ("untrained encoder", "raw input", "5 min 0 s", "red (", "Block by block", "abc"):
        assert shown in words
    assert page.tags.count("table") == 1
    assert 'class="best"' in text
    # Eight queries with five neighbors each, and the method's picture.
    assert page.tags.count("img") == 49


@pytest.mark.parametrize("count", [2, 3, 30])
def test_equal_items_are_one_point_on_the_map(run, count):
    picture = np.full((SIZE, SIZE, 3), 90, np.uint8)
    run.data = ImageCrops(np.stack([picture] * count), size=SIZE, batch_size=2)
    _, page = read(write_report(run))
    assert f"{count} items, all equal." in page.words
    assert "cosine 1.000" in page.words


@pytest.mark.parametrize(
    "embeddings",
    [
        np.ones((40, 1)),
        np.linspace(-1, 1, 40)[:, None],
        np.linspace(-1, 1, 40)[:, None] * np.ones(8),
        np.repeat(np.eye(2, 8), 20, axis=0),
        np.zeros((40, 8)),
    ],
    ids=["one dimension, equal", "one dimension", "a line", "two points", "zeros"],
)
def test_a_map_of_degenerate_embeddings_is_finite(embeddings):
    points, _ = project(embeddings.astype("float32"))
    assert points.shape == (40, 2)
    assert np.isfinite(points).all()


@pytest.mark.parametrize(("wrong", "parts"), [(99, ["Embeddings"]), (5, ["Nearest neighbors"])])
def test_items_without_a_finite_embedding_are_counted_and_the_others_shown(
    run, pictures, monkeypatch, wrong, parts
):
    run.data = ImageCrops(pictures[0], size=SIZE, batch_size=16)
    embeddings = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
    embeddings[:wrong, 1] = np.nan
    monkeypatch.setattr(report, "embed_source", lambda *given: embeddings)
    _, page = read(write_report(run))
    assert f"The encoder returns NaN or infinity for {wrong} of 100 items." in page.words
    assert set(parts) <= set(page.words)


def test_names_and_labels_are_text_whatever_they_hold(run, pictures):
    names = [f"<script>{i}</script>\"'&\udcff.png" for i in range(100)]
    labels = ["<img src=x onerror=alert(1)>\udcff" if i % 2 else 'a"b' for i in range(100)]
    source = run.data.open(pictures[0], labels=labels)
    source.names = names
    run.data.open = lambda *given, **options: source
    text, page = read(write_report(run))
    assert "script" not in page.tags
    assert "x" not in page.links
    assert "&lt;script&gt;" in text


def test_figures_of_other_units_are_not_drawn_among_the_losses():
    history = [
        {"step": 1, "loss": 9.0, "target_std": 0.5, "prototype_usage": 1.0},
        {"step": 2, "loss": 8.0, "target_std": 0.4, "prototype_usage": 0.9},
    ]
    titles = Checker(curve_panels(history)).words
    for title in ("Loss", "Targets and predictions", "Usage of the prototypes"):
        assert title in titles
    assert "Entropy of the targets" not in titles


def test_several_sources_are_shown_by_their_names(whole):
    whole.config["data"]["init_args"]["source"] = ["one/labels.tsv", "two"]
    _, page = read(write_report(whole))
    assert "one/labels.tsv, two" in page.words


def test_what_users_named_cannot_break_the_page(whole, pictures):
    names = np.where(pictures[1] == "red", "<script>alert(1)</script>", 'a & $b_1$ "c"')
    text, page = read(write_report(whole, LabeledData(pictures[0], labels=names.tolist())))
    assert "script" not in page.tags
    assert "&lt;script&gt;alert(1)" in text
    assert 'a & $b_1$ "c" (' in " ".join(page.words)
    assert "Painted <b>" in " ".join(page.words)


def test_what_is_missing_is_named_with_the_command_that_makes_it(run):
    _, page = read(write_report(run))
    words = " ".join(page.words)
    assert "mmssl evaluate" in words
    assert "mmssl pretrain" in words
    assert "Nearest neighbors" in words


def test_data_that_are_gone_leave_the_rest_of_the_report(whole):
    _, page = read(write_report(whole, LabeledData("no such folder")))
    words = " ".join(page.words)
    assert "does not exist" in words
    assert "mmssl report" in words
    assert "Loss" in words


def test_the_reason_for_missing_held_out_figures_is_shown(whole, result):
    missing = {"held_out": {}, "held_out_missing": "no next <sentence>"}
    _, page = read(write_report(whole, probe=result | missing))
    assert "No held-out metrics of the method: no next <sentence>" in " ".join(page.words)


def test_other_probes_have_columns_and_the_weights_of_blocks_a_figure(whole, result):
    few = {"mean": 0.512, "std": 0.034, "draws": [0.512]}
    row = {"weighted": 0.75, "block_weights": {"block_1": 0.3, "block_2": 0.7}, "5-shot": few}
    rows = {"encoder": row, "untrained": row, "raw": {"5-shot": few}, "layers": {"block_1": row}}
    probes = {"probes": ["weighted", "5-shot"], "untrained_layers": {"block_1": row}}
    _, page = read(write_report(whole, probe=result | rows | probes))
    words = " ".join(page.words)
    for shown in ("weighted blocks", "5-shot", "± 0.034", "Weights of the blocks"):
        assert shown in words
    assert page.tags.count("td") == 6


def test_fine_tuning_has_a_table(whole, result):
    tuned = {
        "data": result["data"],
        "layer": None,
        "fine_tuned": {"mean": 0.831, "std": 0.012, "draws": [0.83, 0.84]},
        "linear_probe": {"mean": 0.791, "std": 0.01, "draws": [0.79]},
        "seconds": {"fine_tuned": 12.34, "linear_probe": 1.0},
        "labels": {"fraction": 0.01},
        **{"n_labels": 600, "n_test": 100, "classes": 10, "steps": 500, "batch_size": 64},
        **{"learning_rate": 1e-3, "split": "two sources"},
    }
    keep_result(whole.files.metrics, tuned, "fine_tuning")
    _, page = read(write_report(whole))
    words = " ".join(page.words)
    for shown in ("Fine-tuning", "0.831 ± 0.012", "0.830, 0.840", "12.3", "600 labels"):
        assert shown in words
    assert "from scratch" not in words


def test_a_single_item_has_no_neighbors(whole, pictures):
    _, page = read(write_report(whole, LabeledData(pictures[0][:1])))
    assert "nothing to compare" in " ".join(page.words)


def test_the_result_of_a_probe_reaches_the_report(run):
    evaluate(run)
    _, page = read(write_report(run))
    words = " ".join(page.words)
    assert "trained on 80, 2 classes" in words
    assert "8 x 8 pixels, 80 principal components" in words
    assert "--layer all" in words


def test_two_unlabeled_items_make_a_report(run, pictures):
    _, page = read(write_report(run, LabeledData(pictures[0][:2])))
    assert "2 items, principal components" in " ".join(page.words)


def test_the_same_run_gives_the_same_report(whole):
    first, _ = read(write_report(whole))
    second, _ = read(write_report(whole))
    assert first == second


def test_sound_is_shown_as_players_with_spectrograms():
    clips = [np.sin(np.arange(size) / 5).astype("float32") for size in (3000, 90, 40000)]
    data = AudioWindows(clips, sample_rate=8000, window=80)
    kind, shown = show_items(data, open_source(clips, data.extensions))
    assert kind == "audio"
    assert all("data:audio/wav;base64," in item and "data:image/png" in item for item in shown)
    # Three seconds of 16-bit sound at 8 kHz, in base64.
    assert len(shown[2]) < 4 / 3 * 2 * 3 * 8000 + 30000


def test_what_a_method_plays_stands_beside_each_other_with_its_names():
    wave = np.sin(np.arange(800) / 5).astype("float32")
    shown = _players("Heard <again>", [{"original": wave, "top": wave}], 8000)
    assert "Heard &lt;again&gt;" in shown
    assert shown.count("<audio") == shown.count('<div class="item">') == 2
    assert shown.index("original") < shown.index("top")


def test_text_is_shortened_and_escaped():
    texts = ["<b>bold</b> " + "words " * 100, "short one"]
    data = SentencePairs(texts, vocabulary_size=200, next_sentence=False, batch_size=1)
    kind, shown = show_items(data, open_source(texts, data.extensions))
    assert kind == "text"
    assert shown[0].startswith("<p>&lt;b&gt;bold")
    assert shown[0].endswith("…</p>")
    assert len(shown[0]) < 200


def test_an_item_is_not_its_own_neighbor(run, pictures):
    source = open_source(pictures[0][:4], run.data.extensions)
    copies = np.ones((4, 3))
    rows = neighbor_rows(run.data, source, copies)
    assert rows.count("query</div>") == 4
    assert rows.count("cosine 1.000") == 12


def test_the_items_of_all_rows_are_decoded_by_one_dataset(run, pictures, monkeypatch):
    source, asked = open_source(pictures[0], run.data.extensions), []
    examples = run.data.examples
    monkeypatch.setattr(
        run.data, "examples", lambda *given, **more: asked.append(1) or examples(*given, **more)
    )
    rows = neighbor_rows(run.data, source, np.random.default_rng(0).normal(size=(len(source), 3)))
    assert rows.count('<div class="row images">') == rows.count("query</div>") == 8
    assert len(asked) == 1


def test_queries_are_of_as_many_classes_as_there_are(run, pictures):
    labels = [f"class {i % 5}" for i in range(100)]
    source = open_source(pictures[0], run.data.extensions, labels=labels)
    chosen = choose_queries(source)
    assert len(chosen) == len(set(chosen.tolist())) == 8
    assert len(set(source.labels[chosen])) == 5


def test_the_plane_keeps_two_far_groups_apart():
    rng = np.random.default_rng(0)
    groups = np.eye(10)[np.arange(60) % 2] + rng.normal(size=(60, 10)) * 0.05
    points, how = project(groups)
    assert points.shape == (60, 2)
    assert how == "t-SNE"
    even, odd = points[::2], points[1::2]
    gap = np.linalg.norm(even.mean(axis=0) - odd.mean(axis=0))
    assert gap > 2 * max(even.std(), odd.std()) / np.sqrt(2)


def test_the_commonest_classes_have_colors_and_the_rest_are_gray():
    labels = np.array([f"class {i:02}" for i in range(30) for _ in range(30 - i)])
    colors, entries = label_colors(labels, len(labels))
    assert len(entries) == len(PALETTE) + 1
    assert entries[0] == (PALETTE[0], "class 00 (30)")
    assert entries[-1] == (OTHER, f"{30 - len(PALETTE)} other classes")
    assert colors[-1] == OTHER


def test_figures_take_the_ink_of_the_page():
    svg = scatter(np.zeros((3, 2)), ["#ff0000", OTHER, "#00ff00"])
    assert svg.startswith("<svg")
    assert "metadata" not in svg
    assert "#010203" not in svg
