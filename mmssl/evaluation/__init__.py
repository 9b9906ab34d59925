"""Evaluation of an encoder: probes, fine-tuning, collapse diagnostics, the report."""

from mmssl.evaluation.finetuning.finetune import finetune
from mmssl.evaluation.online.probe import OnlineProbe
from mmssl.evaluation.probes.evaluate import evaluate
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.report.compare import compare
from mmssl.evaluation.report.report import write_report

__all__ = ["LabeledData", "OnlineProbe", "compare", "evaluate", "finetune", "write_report"]
