"""Fixtures of the site for the tests of this app."""

from rcm_site.testing.fixtures import *  # noqa: F403
