"""Custom audiences at Meta: hashed addresses go in and come out. Nobody is heard or written to here.

At most 10,000 rows a call, grouped by a session; a change takes up to 24 hours there (Meta, Custom Audience Users page
of 2025-10, checked 2026-11). What errors mean is told by the same table as for Pages.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from facebook_business.adobjects.customaudience import CustomAudience
from facebook_business.api import FacebookAdsApi, FacebookResponse, FacebookSession
from facebook_business.exceptions import FacebookRequestError
from requests.adapters import HTTPAdapter

from connectors.base import Audience, Batch, By, Misconfigured, PlatformError, Taken, Uncertain
from connectors.facebook import GRAPH_URL, PAGE, VERSION, lost, meant, pause_asked, reach, settle

TIMEOUT = (5.0, 60.0)  # seconds to connect, and to answer: ten thousand rows are long to read
SCHEMA: Mapping[By, str] = {By.EMAIL: CustomAudience.Schema.email_hash, By.PHONE: CustomAudience.Schema.phone_hash}


def connect(environ: Mapping[str, str]) -> dict[str, Audience]:
    """The audiences of `FACEBOOK_AUDIENCES`, by id. Raises Misconfigured."""
    listed = environ.get("FACEBOOK_AUDIENCES", "").strip()
    secret = environ.get("FACEBOOK_APP_SECRET", "").strip()
    url = (environ.get("FACEBOOK_API_URL", "").strip() or GRAPH_URL).rstrip("/")
    if not listed:
        return {}
    found = PAGE.findall(listed)
    faults = []
    if len(found) != listed.count(",") + 1:
        faults.append("FACEBOOK_AUDIENCES must read id:token,id:token with each audience's id and a token for it.")
    if len(dict(found)) < len(found):
        faults.append("FACEBOOK_AUDIENCES names an audience twice.")
    if not secret:
        faults.append("FACEBOOK_APP_SECRET is missing, and custom audiences need it.")
    if faults:
        raise Misconfigured(faults)
    return {id: Custom(id, token, secret, url) for id, token in found}


class Custom(Audience):
    most: ClassVar[int] = 10_000

    def __init__(
        self, id: str, token: str, app_secret: str, url: str = GRAPH_URL, timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        self.id = id
        self._session = FacebookSession("", app_secret, token, timeout=timeout)
        self._session.GRAPH = url
        settle(self._session.requests, url)
        self._session.requests.mount(url, _InTheBody())
        # Never FacebookAdsApi.init(): it sets one token for the whole process, and reports crashes to Facebook.
        self._audience = CustomAudience(id, api=FacebookAdsApi(self._session, VERSION))

    def add(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        return self._tell(self._audience.add_users, by, hashes, batch)

    def remove(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        return self._tell(self._audience.remove_users, by, hashes, batch)

    def close(self) -> None:
        self._session.requests.close()

    def _tell(self, tell: Any, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        session = {
            "session_id": batch.session, "batch_seq": batch.number, "last_batch_flag": batch.last,
            "estimated_num_total": batch.total,
        }  # fmt: skip
        failure: PlatformError
        try:
            # Hashed already: the SDK would leave the spaces and the "+" in a phone number.
            response = tell(SCHEMA[by], list(hashes), pre_hashed=True, session=session)
        except FacebookRequestError as error:
            failure = meant(error)
        except requests.RequestException as error:
            failure = lost(error)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):  # the SDK trips over odd answers
            failure = Uncertain("garbled_answer")
        else:
            return _taken(response, len(hashes))
        raise failure  # out here: the SDK's error holds the hashes, that of requests the token


def _taken(response: FacebookResponse, sent: int) -> Taken:
    """What was taken. The SDK takes for success whatever holds no error, a web page and a 500 included."""
    received, invalid = (reach(response.json(), name) for name in ("num_received", "num_invalid_entries"))
    if not 200 <= response.status() < 300 or received != sent:
        raise Uncertain("garbled_answer")
    return Taken(invalid if isinstance(invalid, int) else 0, pause_asked(response.headers()))


class _InTheBody(HTTPAdapter):
    """The SDK writes into the address what is to be removed: too long for a server, and kept by proxies."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        if request.method == "DELETE":
            parts = urlsplit(str(request.url))
            told = parse_qsl(parts.query)
            request.url = parts._replace(query=urlencode([one for one in told if one[0] not in IN_THE_BODY])).geturl()
            request.prepare_body(dict(one for one in told if one[0] in IN_THE_BODY), None)
        return super().send(request, *arguments, **options)


IN_THE_BODY = ("payload", "session")
