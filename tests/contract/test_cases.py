import mmssl.methods
from tests.contract.cases import all_cases


def test_every_method_has_a_case():
    classes = {case.config()["method"]["class_path"] for case in all_cases().values()}
    assert {f"mmssl.methods.{name}" for name in mmssl.methods.__all__} <= classes
