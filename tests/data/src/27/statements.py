"""What 2.7 alone has: print, exec, backticks, <>, old raises and handlers, tuple parameters."""
from __future__ import absolute_import
import sys, os.path as path
from os import path as p, sep
from sys import *
from . import sibling


def prints(x, f):
    print
    print x
    print x,
    print "%s" % x, x
    print >>f
    print >>f, x
    print >>f, x, 1,
    print (x, 1)


def execs(code, names):
    exec code
    exec code in names
    exec code in names, {}
    exec "x = 1"
    return eval(code)


def old_operators(a, b):
    a /= b
    return `a`, `a, b`, a <> b, a / b, a // b, 0777, 0xFFL, 1L


def raises(x):
    if x == 1:
        raise
    if x == 2:
        raise x
    if x == 3:
        raise x, "text"
    if x == 4:
        raise x, "text", sys.exc_info()[2]
    try:
        x()
    except ValueError, e:
        print e
    except (TypeError, KeyError), (a, b):
        print a, b
    except x.y, x.z:
        pass
    except:
        raise


def tuples((a, b), c=1, (d, (e,))=(2, (3,)), *f, **g):
    return a, b, c, d, e, f, g


two = (lambda (x, y): x + y), lambda x, y=1, *a, **k: (x, y)
assert two, "a message"
assert path


class Old:
    "A classic class."
    x = 1

    def method(self):
        return Old.method


class New(object, Old):
    __slots__ = ()
    y = property(lambda self: 1)

    @staticmethod
    @property
    def decorated(a):
        return a


@raises
class Decorated(New):
    pass


def scopes():
    global made
    made = 1
    del made
    cell = [made]

    def inner():
        def innermost():
            return cell, inner
        return innermost
    return inner


del two, path
