"""The judge: the sandbox's Facebook in a process that nobody kills, and that takes its time like the real one."""

import random
import sys
import time

from flask import Response, request

from sandbox import server
from sandbox.app import create_app


def main(port: int, pause: float, bot_url: str, app_secret: str, pages: str) -> None:
    """`pause` is in seconds: a third of it goes by before a message takes effect, and the rest after."""
    app = create_app(bot_url, {"FACEBOOK_APP_SECRET": app_secret, "FACEBOOK_PAGES": pages})

    @app.before_request
    def think() -> None:
        if request.path.startswith("/facebook"):
            time.sleep(random.uniform(0, pause / 3))

    @app.after_request
    def answer(response: Response) -> Response:
        if request.path.startswith("/facebook"):
            time.sleep(random.uniform(0, pause * 2 / 3))
        return response

    server.serve_until_stopped(server.listen(app, port))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
