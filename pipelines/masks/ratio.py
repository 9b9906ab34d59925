"""The share of what there is that a mask hides."""


def check_mask_ratio(mask_ratio):
    """Refuses shares that hide nothing or everything: 0 and 1, and what lies beyond."""
    if not 0 < mask_ratio < 1:
        raise ValueError(f"mask_ratio={mask_ratio} must lie between 0 and 1")
