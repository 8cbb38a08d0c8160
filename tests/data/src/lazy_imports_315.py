"""Lazy imports (PEP 810)."""
lazy import json
lazy import os.path as path, sys
lazy from collections import OrderedDict, deque as queue
import re
try:
    import eager_here
except ImportError:
    pass
lazy = json
lazy.soft = lazy
