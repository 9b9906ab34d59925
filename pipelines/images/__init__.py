"""Pictures: decoding, crops, views and masks of them."""

from mmssl.pipelines.images.block_masked import BlockMaskedCrops
from mmssl.pipelines.images.crops import Crops, PatchCrops
from mmssl.pipelines.images.region_masked import MaskedCrops
from mmssl.pipelines.images.views import Views
from mmssl.pipelines.images.visible_patches import VisiblePatches

__all__ = ["BlockMaskedCrops", "Crops", "MaskedCrops", "PatchCrops", "Views", "VisiblePatches"]
