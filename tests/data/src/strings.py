# -*- coding: utf-8 -*-
"""Texts and bytes whose repr has something to escape."""
quotes = ["'", '"', "'\"", '\'"\'', "it's", 'say "x"', "\\", "\\'", "a\\b", ""]
control = ["\0", "\a\b\t\n\v\f\r\x1b", "\x7f", "\x80\x9f", "\xa0", "\xad", "\u0378", "\u200b\u2028\u2029", "\ufeff", "\ufffe", "tab\there"]
wide = ["é", "ÿ", "Ā", "ß€", "中文", "\u0301", "\ud7ff", "\ue000", "\U00010000", "😀", "\U000e0001", "\U0010ffff", "\U0001f9ff", "\U0001fae8",
        "\U0001fac6", "\U0001cc00", "\u1c89", "\u0b55", "\ua7d2", "\U00031350", "\U0002ebf0", "\U00016d40"]
lone = ["\ud800", "a\udfffb", "\udc80\udcff", "\ud83d\ude00", ("\udcff", "é\ud800")]
raw = [r"\n", rb"\n", b"", b"a", b"'", b'"', b"'\"", b"\x00\x7f\x80\xff\t\n\r\\", bytes]
long_text = "0123456789" * 5 + "é" * 3
identifiers = "snake_case", "with space", "CamelCase", "0digit", "é_name", "intern_me", "intern_me"
naïve = 1
ℌ = naïve
变量 = {"键": ℌ}


def funktion_ü(größe, *, ключ="\ud800", **αβ):
    "Docstring with é and 'quotes'."
    größe.attribut_ö = ключ
    return lambda ñ: (ñ, größe, αβ, "\x00")


class Клас:
    метод = funktion_ü
