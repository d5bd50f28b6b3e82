"""Sends signed webhooks over a few kept-open connections, and says when each went and how long its answer took."""

import json
import socket
import sys
import threading
import time
from itertools import cycle

from bench import crowd
from bench.processes import PAGE, SECRET


def main() -> None:
    """Arguments: port, connections, requests in all, requests a second (0: full speed), first number, what is sent."""
    port, connections, count, rate, first = (int(argument) for argument in sys.argv[1:6])
    texts = crowd.texts() if sys.argv[6] == "comments" else cycle(["PROMO"])
    tell = crowd.comment if sys.argv[6] == "comments" else crowd.message
    numbered = zip(range(first, first + count), texts, strict=False)
    posts = [_post(tell(number, text, PAGE, int(time.time()))) for number, text in numbered]
    took: list[tuple[int, float, float]] = []
    begun = time.perf_counter()
    hands = [
        threading.Thread(target=_send, args=(port, posts, took, begun, hand, connections, rate, first))
        for hand in range(connections)
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    json.dump({"seconds": time.perf_counter() - begun, "took": took}, sys.stdout)


def _post(entry: dict[str, object]) -> bytes:
    body, signature = crowd.signed(entry, SECRET)
    head = (
        f"POST /webhooks/facebook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _send(
    port: int,
    posts: list[bytes],
    took: list[tuple[int, float, float]],
    begun: float,
    hand: int,
    hands: int,
    rate: int,
    first: int,
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(hand, len(posts), hands):
            if rate:
                time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            sent, at = time.perf_counter(), time.time()
            wire.sendall(posts[number])
            if not _answered(wire).startswith(b"HTTP/1.1 200"):
                raise SystemExit("not acknowledged")
            took.append((first + number, at, time.perf_counter() - sent))


def _answered(wire: socket.socket) -> bytes:
    """One answer, whole: our server's are short and say their length."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(wire)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += _more(wire)
    return answer


def _more(wire: socket.socket) -> bytes:
    more = wire.recv(65536)
    if not more:
        raise SystemExit("the server closed the connection")
    return more


if __name__ == "__main__":
    main()
