"""Code points for which str.isprintable() is false: one range a line, for tools/gen_tables to merge.

usage: pythonX.Y tools/gen_printable.py      prints the Unicode version, then LO HI lines
"""
import sys
import unicodedata

print(unicodedata.unidata_version)
low = None
for c in range(0x80, sys.maxunicode + 2):
    hidden = c <= sys.maxunicode and not chr(c).isprintable()
    if hidden and low is None:
        low = c
    elif not hidden and low is not None:
        print("%x %x" % (low, c - 1))
        low = None
