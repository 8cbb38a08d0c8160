"""Imports."""
from __future__ import generator_stop
import os
import os.path
import os.path as p
import os as o, sys, importlib.util as u
from os import path
from os import path as q, sep
from os.path import (
    join,
    split as s,
)
from sys import *


def inside():
    import os
    import os.path
    import os.path as deep
    from os import path, sep as x
    from . import sibling
    from .. import parent as above
    from .package.module import name
    from ...far import away
    return os, deep, path, x, sibling, above, name, away
