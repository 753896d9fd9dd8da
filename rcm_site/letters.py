"""Mails as people see them: one subject, one text and one page from three templates of the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.mime.image import MIMEImage
from typing import Any

from css_inline import CSSInliner
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

# Mail programs know styles at the elements alone; what adapts to a dark or a narrow screen stays a rule.
_inliner = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def letter(
    name: str,
    words: Mapping[str, Any],
    *,
    to: Sequence[str],
    headers: Mapping[str, str] | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> EmailMultiAlternatives:
    """A mail that is not sent yet. The page shows a picture as `cid:` and its name."""
    words = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, **words}
    subject = " ".join(render_to_string(f"emails/{name}.subject.txt", words).split())
    text = render_to_string(f"emails/{name}.txt", words)
    message = EmailMultiAlternatives(subject, text, to=list(to), headers=dict(headers or {}))
    message.attach_alternative(inlined(render_to_string(f"emails/{name}.html", words)), "text/html")
    for cid, content in (pictures or {}).items():
        message.attach(_picture(cid, content))
    if pictures:
        message.mixed_subtype = "related"  # type: ignore[attr-defined]  # missing in the stubs
    return message


def inlined(page: str) -> str:
    return _inliner.inline(page)


def _picture(cid: str, content: bytes) -> MIMEImage:
    picture = MIMEImage(content, "png")
    picture.add_header("Content-ID", f"<{cid}>")
    picture.add_header("Content-Disposition", "inline", filename=f"{cid}.png")
    return picture
