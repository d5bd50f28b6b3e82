"""What every answer tells the browser: load nothing from elsewhere, show us in no frame, keep nothing personal."""

from flask import Response, request

from webhooks.door import the_bot

POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    # Not "no-referrer": with it a browser hides the origin of our own forms as well (Fetch standard, "append a request
    # Origin header", checked 2026-11), and claim.py could not tell them from another site's.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
A_YEAR = "max-age=31536000"


def put_on(response: Response) -> Response:
    """The headers of every answer. Nothing is kept by a browser or proxy, unless the view says otherwise."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache" if request.endpoint == "static" else "no-store")
    if the_bot().settings.address.startswith("https://"):
        response.headers["Strict-Transport-Security"] = A_YEAR
    return response
