"""Of all tests: properties are tried on the same examples everywhere, so none fails by chance."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")
