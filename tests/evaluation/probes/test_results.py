from mmssl.evaluation.probes.results import keep_result, read_results


def result(source, layer=None, knn=0.5, **more):
    return {"data": {"source": source}, "layer": layer, "encoder": {"knn": knn}, **more}


def test_no_file_holds_no_results(tmp_path):
    assert read_results(tmp_path / "metrics.json") == []


def test_results_of_other_data_and_layers_stand_side_by_side(tmp_path):
    path = tmp_path / "metrics.json"
    for one in (result("digits"), result("speakers"), result("digits", "block_1")):
        keep_result(path, one)
    assert len(read_results(path)) == 3
    assert {entry.name for entry in tmp_path.iterdir()} == {"checksums.json", "metrics.json"}


def test_a_result_takes_the_place_of_an_earlier_one_of_the_same_data(tmp_path):
    path = tmp_path / "metrics.json"
    for one in (result("digits", knn=0.1), result("speakers"), result("digits", knn=0.9)):
        keep_result(path, one)
    kept = read_results(path)
    assert [one["data"]["source"] for one in kept] == ["speakers", "digits"]
    assert kept[-1]["encoder"]["knn"] == 0.9


def test_votes_at_another_temperature_stand_side_by_side_and_linear_layers_do_not(tmp_path):
    path = tmp_path / "metrics.json"
    for probes in (["knn_5", "linear"], ["linear"]):
        for temperature in (0.07, 0.1, 0.07):
            keep_result(path, result("digits", probes=probes, temperature=temperature))
    kept = [(one["probes"][0], one["temperature"]) for one in read_results(path)]
    assert kept == [("knn_5", 0.1), ("knn_5", 0.07), ("linear", 0.07)]
