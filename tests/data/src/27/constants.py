# -*- coding: utf-8 -*-
"""Constants whose repr is easy to get wrong, and names that are bytes: é."""
integers = [0, 1, -1, 255, 256, 2147483647, 2147483648, -2147483648, -2147483649, 9223372036854775807, 9223372036854775808,
            -9223372036854775808, -9223372036854775809, 18446744073709551616, 0x1234567890ABCDEF1234567890ABCDEF, 10 ** 40]
longs = [0L, 1L, -1L, 255L, 2147483648L, 9223372036854775807L, -9223372036854775808L, (1L, (2L, 3)), 32768L, 1073741824L]
floats = [0.0, -0.0, 1.0, -1.5, 0.1, 1e15, 1e16, 1e17, 123456789012345680.0, 1e22, 1e100, 1.5e-5, 0.0001, 0.00001, 5e-324,
          2.2250738585072014e-308, 1.7976931348623157e308, 4.35, 1e999, -1e999, 100.0, 0.30000000000000004]
not_a_number = 1e999 - 1e999
complexes = [1j, 0j, -0j, 1 + 2j, 1 - 2j, 1e999j, 1e16 + 1e-5j, -0.0 - 0j, (1e999 - 1e999) * 1j]
singletons = [None, True, False, Ellipsis, __debug__, (None, (), (1,), (1, (2L, (3, u"four", "five"))), -0.0, 1j)]
texts = ["'", '"', "'\"", "it's", 'say "x"', "\\", "a\\b", "", "\0", "\a\b\t\n\v\f\r\x1b", "\x7f", "\x80\xff", "é", "中文", "😀", "\xed\xa0\x80",
         "\xc3\x28\xe2\x82", r"\n", b"bytes", "tab\there", "\xf4\x90\x80\x80", "\xc0\x80"]
unicodes = [u"'", u'"', u"'\"", u"", u"it's", u"\0\a\n\x1b\x7f", u"\x80\x9f\xa0\xad", u"é", u"ÿ", u"Ā", u"中文", u"\ud7ff", u"\ue000", u"😀",
            u"\U0010ffff", u"\ud800", u"a\udfffb", u"\ud83d\ude00", u"\\u1234", ur"\n\u00e9", u"tab\there"]
interned = "snake_case", "snake_case", "with space", "CamelCase", "_", "0digit"


def is_member(x):
    return x in (1, 2, 3) or x in ("one", u"one") or x in [1L, 2.5]


def text_first():
    "only a docstring"


def none_first():
    return None
