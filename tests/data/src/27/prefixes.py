"""Compiled as it is; then tools/gen_expect puts an EXTENDED_ARG before every argument, as the compiler does for code of more than 64 KiB."""


def function(a, b=1):
    for x in a:
        while x:
            if a:
                continue
            x = not x and b
        if x is a:
            break
    else:
        return x.attribute[1]
    try:
        return [a, b, (lambda: a)]
    except ValueError as e:
        print "text", e
    finally:
        del b
