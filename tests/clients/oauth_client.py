"""The official Python client 2.x signs in by OAuth: registering, by a metadata document, and as a client
that the operator has entered. Prints one line per check."""

import asyncio
import contextlib
import json
import os
import sys
import threading
import warnings
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata

BASE = os.environ.get("AQUATINT_URL", "").rstrip("/")
EMAIL = os.environ.get("AQUATINT_EMAIL", "")
PASSWORD = os.environ.get("AQUATINT_PASSWORD", "")
# Where the description of the app stands; the server is allowed to fetch from there.
CIMD_PORT = int(os.environ.get("AQUATINT_CIMD_PORT", "0"))
CALLBACK = "http://127.0.0.1:49152/callback"
ENTERED = "pre-registered-test"
STEPS = 12
failed = 0


async def check(name, run):
    global failed
    try:
        await run()
        print(f"ok {name}", flush=True)
    except BaseException as error:  # each check stands alone; a task group wraps what happened
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        failed += 1
        why = " ".join(f"{type(error).__name__}: {error}".split())[:600]
        print(f"not ok {name}: {why}", flush=True)


class Forms(HTMLParser):
    """The forms of a page: where each goes, and what a browser would send untouched."""

    def __init__(self, page):
        super().__init__()
        self.forms = {}
        self.fields = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        of = dict(attrs)
        if tag == "form":
            self.fields = self.forms[urlsplit(of.get("action", "")).path] = {}
        elif tag == "input" and self.fields is not None and of.get("name"):
            if of.get("type") not in ("radio", "checkbox") or "checked" in of:
                self.fields[of["name"]] = of.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self.fields = None


class Person:
    """Signs in, picks a workspace and allows, by forms."""

    def __init__(self):
        self.http = httpx2.AsyncClient(follow_redirects=False, timeout=60)

    async def submit(self, at, path, values):
        """Sends the page's form that goes to `path`."""
        form = Forms(at.text).forms.get(path)
        assert form is not None, f"no form to {path} at {at.url} ({at.status_code})"
        return await self.http.post(urljoin(BASE, path), data={**form, **values}, headers={"Origin": BASE})

    async def authorize(self, url, workspace):
        """Follows the address that an app would open in a browser, to the address that leads back to the app."""
        at = await self.http.get(url)
        for _ in range(STEPS):
            if at.is_redirect:
                to = urljoin(str(at.url), at.headers["location"])
                if urlsplit(to).netloc != urlsplit(BASE).netloc:
                    return to
                at = await self.http.get(to)
            elif "/sign-in" in Forms(at.text).forms:
                at = await self.submit(at, "/sign-in", {"email": EMAIL, "password": PASSWORD})
            else:
                at = await self.submit(at, "/oauth/consent", {"workspace": workspace, "decision": "allow"})
                assert at.is_redirect, f"consent answers {at.status_code}"
        raise AssertionError("no way back to the app")

    async def sign_in(self):
        page = await self.http.get(f"{BASE}/sign-in")
        answer = await self.submit(page, "/sign-in", {"email": EMAIL, "password": PASSWORD})
        assert answer.is_redirect, f"signing in answers {answer.status_code}"

    async def api(self, method, path, body=None):
        headers = {"Origin": BASE, "Content-Type": "application/json"}
        if method != "GET":
            headers["X-CSRF-Token"] = (await self.api("GET", "/me"))["csrf_token"]
        answer = await self.http.request(method, f"{BASE}/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, f"{method} {path} answers {answer.status_code}: {answer.text[:300]}"
        return answer.json()


class Storage:
    """What an app keeps."""

    def __init__(self, info=None):
        self.tokens = None
        self.info = info

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.info

    async def set_client_info(self, info):
        # The client takes metadata documents over https alone, and no server would trust a certificate of
        # ours: it is told https, and the id that goes to the server says http.
        if info.client_id.startswith("https:"):
            info.client_id = info.client_id.replace("https:", "http:", 1)
        self.info = info


class App:
    """A client with its provider; the person's way is taken when it asks to authorise."""

    def __init__(self, person, workspace, info=None, document=None):
        self.asked = 0
        self.storage = Storage(info)
        self.back = None

        async def redirect(url):
            self.asked += 1
            assert parse_qs(urlsplit(url).query)["resource"] == [f"{BASE}/mcp"], url
            self.back = parse_qs(urlsplit(await person.authorize(url, workspace)).query)

        async def callback():
            values = {name: self.back[name][0] for name in ("code", "state", "iss")}
            return AuthorizationCodeResult(**values)

        metadata = OAuthClientMetadata(
            client_name="Interoperability tests",
            redirect_uris=[CALLBACK],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
            token_endpoint_auth_method="none",
        )
        self.provider = OAuthClientProvider(
            f"{BASE}/mcp", metadata, self.storage, redirect, callback, client_metadata_url=document
        )

    async def use(self, mode, work):
        """Connects and does `work` with the client."""
        async with httpx2.AsyncClient(auth=self.provider, timeout=60) as http:
            async with Client(streamable_http_client(f"{BASE}/mcp", http_client=http), mode=mode) as client:
                await work(client)


async def works(client):
    tools = (await client.list_tools()).tools
    assert any(tool.name == "edit_image" for tool in tools), tools
    result = await client.call_tool("account", {"action": "credits"})
    assert not result.is_error and result.structured_content["plan"], result.structured_content


@contextlib.contextmanager
def document():
    """A web server with the description of the app; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(
                {
                    "client_id": f"http://127.0.0.1:{self.server.server_port}/python.json",
                    "client_name": "Python, described",
                    "redirect_uris": [CALLBACK],
                    "grant_types": ["authorization_code", "refresh_token"],
                    "response_types": ["code"],
                    "token_endpoint_auth_method": "none",
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", CIMD_PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/python.json"
    finally:
        server.shutdown()


async def run():
    person = Person()
    await person.sign_in()
    workspace = (await person.api("POST", "/workspaces", {"name": "Picked by Python"}))["workspace_id"]
    with document() as address:
        entered = OAuthClientInformationFull(
            client_id=ENTERED, redirect_uris=[CALLBACK], token_endpoint_auth_method="none"
        )
        ways = {
            "registering": lambda: App(person, workspace),
            "by its document": lambda: App(person, workspace, document=address),
            "entered by the operator": lambda: App(person, workspace, info=entered),
        }
        for mode in ("auto", "legacy"):
            for way, make in ways.items():
                label = f"python client 2 {mode}, {way}"
                app = make()

                async def signs_in():
                    await app.use(mode, works)
                    assert app.asked == 1, f"it asked {app.asked} times"

                async def picked():
                    apps = (await person.api("GET", "/apps"))["apps"]
                    ours = [entry for entry in apps if entry["client_id"] == app.storage.info.client_id]
                    assert workspace in {entry["workspace_id"] for entry in ours}, ours

                async def refreshes():
                    before = app.storage.tokens

                    async def expired(client):
                        # As after the access token's ten minutes: the client believes that it is over.
                        app.provider.context.token_expiry_time = 1
                        await works(client)

                    await app.use(mode, expired)
                    assert app.asked == 1, "it asked the person again"
                    assert app.storage.tokens.refresh_token != before.refresh_token

                await check(f"{label}: signs in and calls a tool", signs_in)
                await check(f"{label}: the grant is bound to the workspace picked", picked)
                await check(f"{label}: refreshes by itself", refreshes)
    await person.http.aclose()


async def main():
    if not BASE or not EMAIL or not PASSWORD or not CIMD_PORT:
        print("not ok environment: set AQUATINT_URL, AQUATINT_CIMD_PORT, and AQUATINT_EMAIL and _PASSWORD of an owner")
        return 2
    await check("python oauth: runs to its end", run)
    return 1 if failed else 0


warnings.simplefilter("ignore")
sys.exit(asyncio.run(main()))
