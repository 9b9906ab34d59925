"""Building blocks of the report: self-contained HTML."""

import base64
import html

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5b636d; --ground: #ffffff;
  --card: #f5f6f8; --line: #dcdfe4; --mark: #1f6f4a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9ec; --soft: #a3abb5; --ground: #14171a;
  --card: #1d2125; --line: #343a41; --mark: #6fd0a0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 24px 20px 64px; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0 0 4px; line-height: 1.2; }
h2 { font-size: 1.25rem; margin: 44px 0 10px; padding-top: 14px;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 22px 0 6px; }
p { margin: 6px 0 12px; max-width: 75ch; }
.soft, figcaption, caption, dt { color: var(--soft); font-size: .875rem; }
code { font: .85em ui-monospace, monospace; background: var(--card); padding: 1px 5px;
  border-radius: 4px; }
pre { overflow: auto; background: var(--card); padding: 12px; border-radius: 6px;
  font-size: .8rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(165px, 1fr)); gap: 10px 16px;
  margin: 18px 0 0; }
dd { margin: 0; }
figure { margin: 0; }
figure svg, figure img { display: block; width: 100%; height: auto; }
figure svg text { font-family: system-ui, sans-serif !important; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
  gap: 22px; max-width: 1180px; }
.panels figure { max-width: 460px; }
.panels h3 { margin-top: 0; }
.map { max-width: 820px; }
table { border-collapse: collapse; margin: 6px 0 10px; font-variant-numeric: tabular-nums; }
caption { caption-side: bottom; text-align: left; padding-top: 8px; }
th, td { padding: 5px 14px 5px 0; text-align: right; border-bottom: 1px solid var(--line);
  font-weight: normal; }
th:first-child { text-align: left; }
thead th { color: var(--soft); font-size: .875rem; white-space: nowrap; }
td { white-space: nowrap; }
td.best { font-weight: 700; }
td small { color: var(--soft); font-weight: normal; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 0;
  margin: 8px 0; font-size: .875rem; }
.legend span { display: inline-block; width: 11px; height: 11px; border-radius: 50%;
  margin-right: 6px; }
.row { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 10px;
  margin: 0 0 12px; padding-bottom: 12px; border-bottom: 1px solid var(--line); }
section > .row:last-child { border-bottom: none; }
.item { background: var(--card); border-radius: 8px; padding: 8px; font-size: .8rem;
  border: 2px solid transparent; min-width: 0; }
.item.query { border-color: var(--soft); }
.item img { display: block; width: 100%; height: auto; border-radius: 4px; margin-bottom: 6px; }
.item audio { display: block; width: 100%; height: 32px; margin-bottom: 6px; }
.item p { margin: 0 0 6px; }
.same { color: var(--mark); font-weight: 600; }
.picture { overflow-x: auto; margin-bottom: 20px; }
@media (max-width: 760px) {
  .row { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px; }
  .row.text { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  body { padding: 16px 14px 48px; }
  th, td { padding-right: 10px; }
}
"""

escape = html.escape


def page(title, sections):
    """Joins sections into a complete page.

    Args:
        title: str, escaped here.
        sections: list of str, HTML.

    Returns:
        str, an HTML document.
    """
    body = "\n".join(sections)
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )
    # A file name need not be UTF-8; the page is.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def section(title, *parts):
    """Returns a section with a heading and HTML parts."""
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(parts) + "\n</section>"


def sentence(text):
    """Returns a paragraph in a muted color; text in backquotes is formatted as code."""
    return f'<p class="soft">{marked(text)}</p>'


def marked(text):
    """Returns escaped text, formatted as code where it stands in backquotes."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))


def facts(pairs):
    """Returns a definition list of (name, value) pairs, both escaped."""
    items = (f"<div><dt>{escape(k)}</dt><dd>{escape(str(v))}</dd></div>" for k, v in pairs)
    return f"<dl>{''.join(items)}</dl>"


def panel(title, svg, caption=""):
    """Returns a figure with a title; the SVG is not escaped."""
    note = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure role="img" aria-label="{escape(title)}"><h3>{escape(title)}</h3>{svg}{note}'
        "</figure>"
    )


def panels(parts):
    """Returns figures side by side if there is room."""
    return f'<div class="panels">{"".join(parts)}</div>'


def legend(entries):
    """Returns a legend of (color, text) pairs; the text is escaped."""
    items = (
        f'<li><span style="background:{color}"></span>{escape(text)}</li>'
        for color, text in entries
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def table(titles, rows):
    """Returns a table of str, all escaped; the first cell of each row is its header."""
    heads = "".join(f"<th>{escape(title)}</th>" for title in titles)
    lines = (
        f"<tr><th>{escape(first)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def folded(title, text):
    """Returns preformatted text, collapsed under a title."""
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def data_uri(kind, content):
    """Returns bytes of a media type as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
