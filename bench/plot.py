"""A plot of series over two logarithmic axes, as SVG."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 460, 70, 210, 40, 50
COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"]


def decades(values):
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def power(n):
    return f"{10 ** n:,}" if n >= 0 else f"{10 ** n:g}"


def text(x, y, label, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(label)}</text>'


def spread(places, gap):
    """The same places, moved down where they would touch."""
    out = {}
    last = -gap
    for name, y in sorted(places.items(), key=lambda item: item[1]):
        last = out[name] = max(y, last + gap)
    return out


def log_log(title, x_name, y_name, series):
    """`series`: name -> [(x, y), ...], all above zero."""
    points = [p for line in series.values() for p in line]
    (x0, x1), (y0, y1) = decades([x for x, _ in points]), decades([y for _, y in points])
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def at(x, y):
        return (LEFT + (math.log10(x) - x0) / (x1 - x0) * (right - LEFT), bottom - (math.log10(y) - y0) / (y1 - y0) * (bottom - TOP))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text((LEFT + right) / 2, 24, title, more=' font-size="16"'),
           text((LEFT + right) / 2, HEIGHT - 10, x_name), text(18, (TOP + bottom) / 2, y_name, more=f' transform="rotate(-90 18 {(TOP + bottom) / 2})"')]
    for n in range(x0, x1 + 1):
        x, _ = at(10 ** n, 10 ** y0)
        out += [f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#ddd"/>', text(x, bottom + 18, power(n))]
    for n in range(y0, y1 + 1):
        _, y = at(10 ** x0, 10 ** n)
        out += [f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>', text(LEFT - 6, y + 4, power(n), "end")]
    labels = spread({name: at(*line[-1])[1] for name, line in series.items()}, 16)
    for (name, line), color in zip(series.items(), COLORS * len(series)):
        places = [at(*p) for p in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        out.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in places]
        out.append(text(places[-1][0] + 8, labels[name] + 4, name, "start", f' fill="{color}"'))
    return "\n".join([*out, "</svg>", ""])
