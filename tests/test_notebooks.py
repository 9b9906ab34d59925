"""The notebooks run from top to bottom, and are kept as they ran."""

import ast
import functools
import importlib
import json
import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="the extra `notebooks` is not installed")
nbclient = pytest.importorskip("nbclient", reason="the extra `notebooks` is not installed")
pytest.importorskip("ipykernel", reason="the extra `notebooks` is not installed")
pytest.importorskip("ai_edge_litert", reason="the extra `litert` is not installed")

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
# An absolute path, as warnings and logs show it; not a part of a relative path or of a fraction.
ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:[\w.-]+/)+[\w.-]+")
# What runs here, with budgets that are enough to beat an untrained encoder; and by how much it
# must: the scores of the notebook that are compared, the probe, and the margin.
SHORT = {
    "first_steps.ipynb": "EPOCHS = 3",
    "audio.ipynb": 'STEPS = {"cpc": 60, "data2vec": 20, "wav2vec2": 20}',
    "text.ipynb": 'STEPS = {"bert": 20, "gpt": 20, "word2vec": 200}',
    "pairs.ipynb": "STEPS = 60",
    "vision.ipynb": 'STEPS = dict.fromkeys(STEPS, 20) | {"colorization": 100}',
}
GAINS = [
    ("first_steps.ipynb", "encoder", "untrained", "knn", 0.0),
    ("first_steps.ipynb", "encoder", "untrained", "linear", 0.1),
    ("audio.ipynb", "cpc", "cpc, untrained", "10-shot", 0.1),
    ("text.ipynb", "word2vec", "word2vec, untrained", "linear", 0.1),
    ("pairs.ipynb", "clip", "clip, untrained", "color", 0.3),
    ("vision.ipynb", "colorization", "colorization, untrained", "5-shot", 0.05),
]


def read(name):
    return nbformat.read(NOTEBOOKS / name, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(notebook):
    """All text that the cells' outputs show."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    texts = [output.get("text") or output.get("data", {}).get("text/plain") for output in outputs]
    return "\n".join(filter(None, texts))


def accuracy(score):
    """The accuracy of a probe, the mean where labels were drawn several times."""
    return score["mean"] if isinstance(score, dict) else score


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A function of a notebook's name that runs it once, in an empty folder, with a short budget.

    Returns:
        the notebook, the folder, and the dict `scores` of its probes.
    """

    @functools.cache
    def run(name):
        notebook = read(name)
        place = next(
            i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", [])
        )
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(SHORT[name]))
        notebook.cells.append(
            nbformat.v4.new_code_cell(
                "import json\nprint(json.dumps({k: dict(v) for k, v in scores.items()}))"
            )
        )
        folder = tmp_path_factory.mktemp("notebook")
        nbclient.NotebookClient(
            notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()
        return notebook, folder, json.loads(notebook.cells[-1].outputs[0]["text"])

    return run


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_every_cell_of_a_notebook_runs(ran, name):
    notebook, _, _ = ran(name)
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_a_notebook_shows_no_warnings(ran, name):
    notebook, _, _ = ran(name)
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    shown = [output["text"] for output in outputs if output.get("name") == "stderr"]
    # After so few steps embeddings are nearly equal, which a run rightly says.
    assert [text for text in shown if "CollapseWarning" not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "trained", "untrained", "probe", "margin"), GAINS)
def test_an_encoder_of_a_notebook_beats_itself_untrained(
    ran, name, trained, untrained, probe, margin
):
    _, _, scores = ran(name)
    assert accuracy(scores[trained][probe]) > accuracy(scores[untrained][probe]) + margin


@pytest.mark.slow
def test_the_first_notebook_leaves_its_exports_behind(ran):
    _, folder, _ = ran("first_steps.ipynb")
    assert (folder / "runs/first_steps/encoder/1/saved_model.pb").is_file()
    assert (folder / "runs/first_steps/encoder.tflite").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_notebook_imports_of_mmssl_is_there(name):
    source = "\n".join(cell.source for cell in code_cells(read(name)))
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    names = [
        (node.module, alias.name)
        for node in imports
        if node.module.startswith("mmssl")
        for alias in node.names
    ]
    assert names
    missing = [pair for pair in names if not hasattr(importlib.import_module(pair[0]), pair[1])]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_with_clean_outputs_of_one_run(name):
    notebook = read(name)
    counts = [cell.execution_count for cell in code_cells(notebook)]
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert counts == list(range(1, len(counts) + 1))
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert not ABSOLUTE.findall(shown(notebook))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_small_enough_to_be_kept(name):
    assert (NOTEBOOKS / name).stat().st_size < 1.5e6
