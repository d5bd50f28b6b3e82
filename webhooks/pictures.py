"""QR pictures, drawn here: no other server learns what stands in them."""

from io import BytesIO

import segno
from flask import Response


def qr(text: str) -> Response:
    picture = BytesIO()
    segno.make_qr(text).save(picture, kind="svg", border=4, light="#fff", omitsize=True, xmldecl=False)
    return Response(picture.getvalue(), mimetype="image/svg+xml")
