"""A real chromium on pages of the real server; what the pages complain about fails the test."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from django.db import connection

from tests.browser.waiting import PATIENCE

CHROMIUM = Path("/usr/bin/chromium")
# No sandbox as root; nothing in the background may look for a network that is not there.
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
# What browser and htmx log when a test cuts a request or the server refuses one on purpose.
EXPECTED = re.compile(r"Failed to load resource|net::ERR_|^htmx:(afterRequest|sendError)")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # Browser, server and database share two cores with whatever else runs there. A second
            # try is reported as a rerun: one that comes back is a race to be found, not noise.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def chromium():
    """Start the browser once; without one the tests are skipped, but fail under CI=true."""
    if not CHROMIUM.exists():
        reason = f"no browser at {CHROMIUM}: install Debian's chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    # Playwright's loop runs in this thread, so Django takes the tests' own queries for async ones.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def answered(transactional_db):
    """After the pages are closed, let requests end that a page has left behind.

    Emptying the tables while the server still reads for them would be a deadlock.
    """
    yield
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    end = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(busy)
            if cursor.fetchone() == (0,):
                break
            time.sleep(0.05)


@pytest.fixture
def open_page(chromium, answered, live_server, client_for):
    """Return a function that opens a page for a user; policy violations and errors fail the test."""
    complaints: list[str] = []
    contexts = []

    def note(message):
        if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
            complaints.append(message.text)

    def opened(user, path, **options):
        from django.conf import settings

        size = {"width": 1280, "height": 800}
        context = chromium.new_context(**({"viewport": size} | options))
        contexts.append(context)
        session = client_for(user).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"
        )
        # Chromium tells a page of its first interception without waiting for the page: a request
        # sent at once after a test's own `page.route` could pass it by. This one, asked for
        # before there is a page, matches nothing and keeps interception on.
        context.route("**/asked-by-no-page", lambda route: route.abort())
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.goto(live_server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
