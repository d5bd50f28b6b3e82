"""The Graph API as the sender of a latency needs it: every message is taken at once, and written down with its moment.

The sandbox enforces what Meta does, which costs it as much of this machine as the service needs; Meta's own servers
cost us nothing. So no rule is held here, and what is measured is ours.
"""

import asyncio
import json
import sys
import time
from urllib.parse import parse_qs

calls: list[dict[str, object]] = []


class Graph(asyncio.Protocol):
    """One kept-open connection. Requests come whole or in parts, one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire, self._seen = transport, b""

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while (request := self._next()) is not None:
            self._answer(*request)

    def _next(self) -> tuple[str, bytes] | None:
        head, end, rest = self._seen.partition(b"\r\n\r\n")
        lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        if not end or len(rest) < sum(lengths):
            return None
        self._seen = rest[sum(lengths) :]
        return head.split(b" ", 2)[1].decode(), rest[: sum(lengths)]

    def _answer(self, target: str, body: bytes) -> None:
        path = target.partition("?")[0]
        if path == "/control/calls":
            told: dict[str, object] = {"calls": calls}
        elif path.endswith("/messages"):
            told = _taken(body)
        else:
            told = {"success": True}
        words = json.dumps(told).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(words)}\r\n\r\n"
        assert isinstance(self._wire, asyncio.Transport)
        self._wire.write(head.encode() + words)


def _taken(body: bytes) -> dict[str, object]:
    to = json.loads(parse_qs(body.decode())["recipient"][0])["id"]
    calls.append({"what": "message", "to": to, "at": time.time()})
    return {"recipient_id": to, "message_id": f"m_{len(calls)}"}


async def main() -> None:
    """Argument: port."""
    server = await asyncio.get_running_loop().create_server(Graph, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
