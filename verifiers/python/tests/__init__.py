"""The library's tests: `python -m unittest` in this folder's parent."""

import logging

# What the library warns of is what the tests bring about.
logging.disable(logging.ERROR)
