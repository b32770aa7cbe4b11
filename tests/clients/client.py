"""The official Python client 2.x: by itself and with a handshake. Prints one line per check."""

import asyncio
import base64
import os
import struct
import sys
import time
import zlib

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

BASE = os.environ.get("AQUATINT_URL", "").rstrip("/")
KEY = os.environ.get("AQUATINT_KEY", "")
POLLS = 12
failed = 0


def disc(size, tint):
    """A PNG: a blue disc on plain white."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = bytearray()
    for y in range(size):
        rows.append(0)
        for x in range(size):
            inside = (x - size / 2) ** 2 + (y - size / 2) ** 2 < (size / 3) ** 2
            rows += bytes((20 + tint, 60, 200)) if inside else b"\xff\xff\xff"
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


async def check(name, run):
    global failed
    try:
        await run()
        print(f"ok {name}", flush=True)
    except Exception as error:  # each check stands alone
        failed += 1
        why = " ".join(f"{type(error).__name__}: {error}".split())[:600]
        print(f"not ok {name}: {why}", flush=True)


async def journeys(label, client, http, tint):
    async def call(name, **arguments):
        result = await client.call_tool(name, arguments)
        assert not result.is_error, f"{name} failed: {result.structured_content}"
        return result

    async def ended(view):
        for _ in range(POLLS):
            if view["status"] not in ("queued", "running"):
                break
            view = (await call("get_job_status", job_id=view["job_id"], sync=True)).structured_content
        assert view["status"] == "succeeded", view
        return view

    async def lists():
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for name in ("edit_image", "generate_media", "models", "assets", "upload", "collections", "account", "display"):
            assert name in tools, f"{name} is missing"
            assert tools[name].output_schema["type"] == "object"

    async def balance():
        assert (await call("account", action="credits")).structured_content["plan"]

    kept = {}

    async def cut():
        result = await call("edit_image", action="remove_background", images=disc(96, tint))
        kept["cutout"] = (await ended(result.structured_content))["outputs"][0]
        answer = await http.get(kept["cutout"]["url"], headers={})
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png", answer

    async def generate():
        models = (await call("models", action="list", type="image")).structured_content["models"]
        started = await call("generate_media", model=models[0]["id"], prompt="a cup on marble", width=256, height=256)
        assert (await ended(started.structured_content))["outputs"][0]["width"] == 256

    async def progress():
        heard = []

        async def hear(progress, total, message):
            heard.append(progress)

        arguments = {"action": "upscale", "images": disc(256, tint + 100), "scale": "4"}
        result = await client.call_tool("edit_image", arguments, progress_callback=hear)
        assert not result.is_error, result.structured_content
        assert heard and heard == sorted(heard), heard

    async def failures():
        result = await client.call_tool("edit_image", {"action": "upscal", "images": kept["cutout"]["asset_id"]})
        assert result.is_error and result.structured_content["field"] == "action", result
        try:
            await client.call_tool("no_such_tool", {})
        except MCPError as error:
            assert error.error.code == -32602, error
        else:
            raise AssertionError("an unknown tool was called")

    await check(f"{label}: lists the tools", lists)
    await check(f"{label}: reads the balance", balance)
    await check(f"{label}: removes a background", cut)
    await check(f"{label}: generates and polls", generate)
    await check(f"{label}: hears of progress", progress)
    await check(f"{label}: failures tell what to do", failures)


async def main():
    if not BASE or not KEY:
        print("not ok environment: set AQUATINT_URL and AQUATINT_KEY")
        return 2
    tint = int(time.time()) % 100
    for mode, version in (("auto", "2026-07-28"), ("legacy", "2025-11-25")):
        label = f"python client 2 {mode}"
        try:
            async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as http:
                transport = streamable_http_client(f"{BASE}/mcp", http_client=http)
                async with Client(transport, mode=mode) as client:

                    async def connects():
                        assert client.protocol_version == version, client.protocol_version
                        assert client.server_info.name == "aquatint", client.server_info

                    await check(f"{label}: connects", connects)
                    await journeys(label, client, http, tint)
        except Exception as error:  # could not connect at all
            global failed
            failed += 1
            print(f"not ok {label}: {type(error).__name__}: {error}")
        tint += 1
    return 1 if failed else 0


sys.exit(asyncio.run(main()))
