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
    ("error", "status"),
    [
        (StoreError("x"), 503),
        (BackendUnreachable("x"), 502),
        (BackendTimeout("x"), 504),
        (BackendError("x"), 502),
        (DataError("x"), 400),
        (HttpError(418, "teapot", "x"), 418),
    ],
)
def test_every_error_of_ours_has_a_status_and_keeps_its_sentence(error: Exception, status: int) -> None:
    assert status_of(error)[0] == status
    assert status_of(error)[2] == "x"


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
