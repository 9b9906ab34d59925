"""The fraction of positions that a mask hides."""


def check_mask_ratio(mask_ratio):
    """Raises a ValueError unless 0 < mask_ratio < 1."""
    if not 0 < mask_ratio < 1:
        raise ValueError(f"mask_ratio={mask_ratio} must be above 0 and below 1")
