"""One tool behind the Python SDK, stateless with JSON answers."""

import asyncio
import logging
import socket

import uvicorn
from mcp.server import MCPServer

server = MCPServer("bare", log_level="ERROR")


@server.tool()
def credits() -> dict[str, int]:
    """What is left."""
    return {"balance": 100}


async def main():
    logging.disable(logging.CRITICAL)
    app = server.streamable_http_app(json_response=True, stateless_http=True)
    sock = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(f"listening on 127.0.0.1:{sock.getsockname()[1]}", flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).serve(sockets=[sock])


asyncio.run(main())
