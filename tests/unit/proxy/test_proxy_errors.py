"""Errors as HTTP."""

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from proxy.errors import HttpError, error_body, register_error_handlers, status_of
from sessionrank.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    ConfigurationError,
    DataError,
    StoreError,
)


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (StoreError("Redis at 10.0.0.7"), 503, "the session store does not answer"),
        (BackendUnreachable("http://10.0.0.7"), 502, "the search engine cannot be reached"),
        (BackendTimeout("http://10.0.0.7"), 504, "the search engine did not answer in time"),
        (BackendError("http://10.0.0.7"), 502, "the search engine broke the exchange off"),
        (DataError("row 3"), 400, "row 3"),
        (HttpError(418, "teapot", "short and stout"), 418, "short and stout"),
    ],
)
def test_every_error_of_ours_has_a_status_and_tells_no_address(
    error: Exception, status: int, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert (status_of(error)[0], status_of(error)[2]) == (status, told)
    assert ("10.0.0.7" in caplog.text) is ("10.0.0.7" in str(error))


@pytest.mark.parametrize("error", [KeyError("hunter2"), ConfigurationError("hunter2")])
def test_what_nobody_foresaw_is_a_500_that_tells_nothing(error: Exception) -> None:
    assert status_of(error)[0] == 500
    assert "hunter2" not in str(status_of(error))


def test_the_body_has_the_engines_shape() -> None:
    assert error_body(400, "a_type", "a reason") == {
        "error": {"root_cause": [{"type": "a_type", "reason": "a reason"}], "type": "a_type", "reason": "a reason"},
        "status": 400,
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [(StoreError("x"), 503), (KeyError("x"), 500), (RequestEntityTooLarge(), 413), (RequestRedirect("/y"), 308)],
)
def test_errors_of_views_leave_as_json_and_redirects_as_redirects(
    error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask(__name__)
    register_error_handlers(app)

    @app.get("/secret-session")
    def fail() -> None:
        raise error

    answer = app.test_client().get("/secret-session")
    assert answer.status_code == status
    if isinstance(error, HTTPException) and status < 400:
        assert answer.headers["Location"] == "/y"
    else:
        assert answer.json["status"] == status
    assert ("unexpected error in fail" in caplog.text) == (status == 500)
    assert "secret-session" not in caplog.text
