"""The application for WSGI servers: ``gunicorn sessionrank.proxy.wsgi:app``, or better ``sessionrank serve``."""

from .app import create_app

app = create_app()
