"""Base classes of methods and their parts: pretrainer, teacher, joint embedding, heads."""

from mmssl.methods.bases.adversarial import AdversarialPretrainer
from mmssl.methods.bases.clusters import Clusters
from mmssl.methods.bases.colorizer import Colorizer
from mmssl.methods.bases.joint_embedding import JointEmbedding
from mmssl.methods.bases.latent_prediction import LatentPrediction
from mmssl.methods.bases.pretext_classification import PretextClassification
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.sequence_to_sequence import SequenceToSequence
from mmssl.methods.bases.student_teacher import StudentTeacher
from mmssl.methods.bases.teacher import EMATeacher
from mmssl.methods.bases.towers import Towers

__all__ = [
    "AdversarialPretrainer",
    "Clusters",
    "Colorizer",
    "EMATeacher",
    "JointEmbedding",
    "LatentPrediction",
    "PretextClassification",
    "Pretrainer",
    "SequenceToSequence",
    "StudentTeacher",
    "Towers",
]
