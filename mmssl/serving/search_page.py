"""The page at `/`: what is dropped there is searched for in an index."""

import tempfile
from functools import cached_property
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mmssl.evaluation.report import page
from mmssl.search.page import write_results
from mmssl.serving.bodies import read_body
from mmssl.serving.errors import RefusedError, invalid
from mmssl.serving.limits import check_encoded
from mmssl.serving.responses import answered

SHOWN = 11  # items that are found: with the query, whole rows
_KINDS = {"images": "picture", "frames": "video", "waveform": "recording", "token_ids": "text"}

# What comes from elsewhere may be shown, and must not run.
_FOUND_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "media-src data:"
}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "media-src data:; script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'"
}

_STYLE = """<style>
#ask { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0 8px; }
#drop { flex: 1 1 260px; min-height: 110px; padding: 16px; border: 2px dashed var(--line);
  border-radius: 10px; display: grid; place-content: center; text-align: center; cursor: pointer; }
#drop:hover, #drop:focus-within, #drop.over { border-color: var(--mark); background: var(--card); }
#drop input { position: absolute; opacity: 0; pointer-events: none; }
#ask textarea { flex: 2 1 320px; min-height: 110px; padding: 12px; border-radius: 10px;
  border: 1px solid var(--line); background: var(--card); color: inherit; font: inherit; }
#ask button { padding: 10px 22px; border: 0; border-radius: 10px; background: var(--mark);
  color: var(--ground); font: inherit; font-weight: 600; cursor: pointer; }
#said { min-height: 1.5em; }
#said.wrong { color: light-dark(#b3380a, #ff9a66); }
</style>"""

_SCRIPT = """"use strict";
const form = document.getElementById("ask"), said = document.getElementById("said");
const found = document.getElementById("found"), drop = document.getElementById("drop");

function say(text, wrong) {
  said.textContent = text;
  said.className = wrong ? "wrong" : "soft";
}

async function ask(name, body) {
  say("Searching for " + name + " \\u2026", false);
  try {
    const answer = await fetch("search?name=" + encodeURIComponent(name), { method: "POST", body });
    if (!answer.ok) throw new Error((await answer.json()).error);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    found.replaceChildren(...page.querySelectorAll("section"));
    say("", false);
  } catch (error) {
    say(error.message, true);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (form.elements.text && form.elements.text.value.trim())
    ask("text.txt", form.elements.text.value);
});
if (drop) {
  drop.querySelector("input").addEventListener("change", (event) => {
    const file = event.target.files[0];
    if (file) ask(file.name, file);
    event.target.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"])
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      const file = kind === "drop" && event.dataTransfer.files[0];
      if (file) ask(file.name, file);
    });
}
"""


class SearchPage:
    """A page on which an index is searched.

    Args:
        index: `mmssl.search.Index`.
        service: `mmssl.serving.service.Service`, whose limits and metrics it shares.

    Raises:
        ValueError: the run of the index is not there.
    """

    def __init__(self, index, service):
        self._index, self._service = index, service
        self._modality = next(kind for kind in _KINDS if kind in index.run.encoder.input)
        self._one = CapacityLimiter(1)  # an encoder of Keras computes for one at a time
        self._waiting = 0

    @property
    def routes(self):
        """List of Starlette's routes."""
        return [
            Route("/", self.page),
            Route("/search.js", self.script),
            Route("/search", self.search, methods=["POST"]),
        ]

    async def page(self, request):
        return HTMLResponse(self._page, headers=_PAGE_HEADERS)

    async def script(self, request):
        return Response(_SCRIPT, media_type="text/javascript")

    async def search(self, request):
        def count(code):
            self._service.metrics.count(None, "search", code)

        return await answered(self._search(request), count)

    async def _search(self, request):
        suffix = self._suffix(request.query_params.get("name", ""))
        limits = self._service.limits
        with self._service.buffer.share() as take:
            data = await read_body(request, limits, take)
            if self._waiting >= limits.queue:
                raise RefusedError("UNAVAILABLE", "Many are searching; try later.")
            self._waiting += 1
            try:
                html = await to_thread.run_sync(self._found, data, suffix, limiter=self._one)
            finally:
                self._waiting -= 1
        return HTMLResponse(html, headers=_FOUND_HEADERS)

    def _suffix(self, name):
        """The ending of the name, all of it that is made use of."""
        suffix, read = Path(name).suffix.lower(), self._index.run.data.extensions
        if suffix not in read:
            raise invalid(f"{name!r} cannot be searched for: this index takes {', '.join(read)}.")
        return suffix

    def _found(self, data, suffix):
        if not data.strip():
            raise invalid("There is nothing to search for.")
        check_encoded(self._modality, data, "The search", self._service.limits)
        with tempfile.TemporaryDirectory(prefix="mmssl-search-") as folder:
            # A file, also of a text: as a text it could be the path of a file that lies here.
            query, out = Path(folder) / f"query{suffix}", Path(folder) / "found.html"
            query.write_bytes(data)
            try:
                results = self._index.search([str(query)], min(SHOWN, len(self._index)))
            except ValueError as error:
                raise invalid(str(error).replace(str(query), "that you sent")) from None
            write_results(self._index, results[:1], out)
            return out.read_text(encoding="utf-8")

    @cached_property
    def _page(self):
        index, kind = self._index, _KINDS[self._modality]
        title = f"Search {index.path.name}"
        run = index.run.folder.resolve().name
        told = f"{len(index):,} items, by the embeddings of the run `{run}`."
        header = f"<h1>{page.escape(title)}</h1>\n{page.sentence(told)}"
        return page.page(title, [_STYLE, header, _form(kind, index.run.data.extensions), _REST])


_REST = """<p id="said" class="soft" role="status"></p>
<div id="found"></div>
<script src="search.js"></script>"""


def _form(kind, extensions):
    accepted = page.escape(",".join(extensions))
    drop = (
        f'<label id="drop"><span>Drop a {kind} here,<br>or choose a file</span>'
        f'<input type="file" accept="{accepted}" aria-label="file to search for"></label>'
    )
    text = (
        '<textarea name="text" aria-label="text to search for" placeholder="A text to search for">'
        "</textarea><button>Search</button>"
    )
    return f'<form id="ask">{text if kind == "text" else ""}{drop}</form>'
