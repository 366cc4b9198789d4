"""The browser's pages, as the build left them: home, a session's page, their hashed assets, and the element for others.

A session's page is the same for every id and every token: who may see what is decided by the calls it makes. This file
reads no session and no token; the token is in the fragment, which never gets here.
"""

from __future__ import annotations

from html import escape

from aiohttp import web

from server.api.deps import deps
from server.api.middleware import page_policy, permissions
from signaling.errors import NotFound

IMMUTABLE = "public, max-age=31536000, immutable"
_FOR_A_WHILE = "public, max-age=600"
_ASSETS = "assets"

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Headstrt Sessions: pages not built</title></head>
<body><h1>The pages are not built yet</h1>
<p>The server runs, but <code>static/dist</code> is missing. Run <code>make setup</code> and load this page again.</p>
<p>The API works without them: see <a href="/docs">/docs</a>.</p></body></html>
"""


async def home(request: web.Request) -> web.StreamResponse:
    return _page(request, "home.html", framed=False)


async def session(request: web.Request) -> web.StreamResponse:
    """The call page, which may be framed by the allowed embedders and is never kept by a cache."""
    return _page(request, "session.html", framed=True)


async def receipt(request: web.Request) -> web.StreamResponse:
    """A party's signed record, to read and to print: the same page for all, never kept by a cache, never framed."""
    page = _page(request, "receipt.html", framed=False)
    page.headers["Cache-Control"] = "no-store"
    return page


def dashboard(request: web.Request) -> web.StreamResponse:
    """The operators' page, the same for every view of it; never kept by a cache, never framed."""
    page = _page(request, "dashboard.html", framed=False)
    page.headers["Cache-Control"] = "no-store"
    return page


async def asset(request: web.Request) -> web.StreamResponse:
    """A file under ``dist/assets``: its name carries its hash, so it never changes."""
    root = (deps(request).settings.pages / _ASSETS).resolve()
    try:
        wanted = (root / request.match_info["path"]).resolve()
        found = wanted.is_relative_to(root) and wanted.is_file()
    except (OSError, ValueError):  # too long, or a NUL
        found = False
    if not found:
        raise NotFound("There is no such file; the pages may have been built anew, so load the page again.")
    return web.FileResponse(wanted, headers={"Cache-Control": IMMUTABLE})


async def embed_script(request: web.Request) -> web.StreamResponse:
    """The element that puts a session's page into another site's. A module from elsewhere is fetched with CORS."""
    return _embed(request, "v1.js", "text/javascript; charset=utf-8")


async def embed_types(request: web.Request) -> web.StreamResponse:
    return _embed(request, "v1.d.ts", "application/typescript; charset=utf-8")


async def demo(request: web.Request) -> web.Response:
    """The sample sessions with their links, in demo mode only."""
    samples = deps(request).demo()
    if not samples:
        raise NotFound("This server is not in demo mode.")
    return web.json_response(list(samples))


def _embed(request: web.Request, name: str, content_type: str) -> web.StreamResponse:
    file = deps(request).settings.pages / "embed" / name
    if not file.is_file():
        raise NotFound("The pages are not built yet: run make setup.")
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": _FOR_A_WHILE,
        "Content-Type": content_type,
    }
    return web.FileResponse(file, headers=headers)


def _page(request: web.Request, name: str, *, framed: bool) -> web.StreamResponse:
    settings = deps(request).settings
    file = settings.pages / name
    if not file.is_file():
        return web.Response(status=503, text=_NOT_BUILT, content_type="text/html", headers={"Retry-After": "60"})
    headers = {
        "Content-Security-Policy": page_policy(settings, framed=framed),
        "Permissions-Policy": permissions(settings.embed_origins if framed else (), call=framed),
        "Cache-Control": "no-store" if framed else "no-cache",
        "Content-Type": "text/html; charset=utf-8",
    }
    if framed and settings.embed_origins:
        return web.Response(text=_with_embedders(file.read_text(), settings.embed_origins), headers=headers)
    return web.FileResponse(file, headers=headers)


def _with_embedders(page: str, origins: tuple[str, ...]) -> str:
    """With the origins whose messages the page takes: the browser does not tell it who may frame it."""
    meta = f'<meta name="embedders" content="{escape(" ".join(origins))}" />'
    return page.replace("</head>", f"{meta}</head>", 1)
