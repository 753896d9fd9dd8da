"""People, their departments, and the trail of what they did."""

from __future__ import annotations

import uuid
import zoneinfo
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from . import roles

# Control and direction-changing characters make a name read as what it is not.
one_plain_line = RegexValidator(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", "A name is one line of plain text.", inverse_match=True
)


def known_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError("There is no such time zone: write it as America/Chicago.")


class DepartmentQuerySet(models.QuerySet["Department"]):
    def visible_to(self, user: User) -> Self:
        if user.sees_everything:
            return self
        if user.role_now.sees == roles.Sees.OWN_DEPARTMENTS:
            return self.filter(members=user)
        return self.none()


class Department(models.Model):
    name = models.CharField(max_length=80, unique=True, validators=[one_plain_line])
    is_active = models.BooleanField("active", default=True)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("name", "is_active")

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def visible_to(self, user: User) -> Self:
        """Colleagues: people who share a department, or everyone for those who see everything."""
        if user.sees_everything:
            return self
        shared = self.filter(departments__in=Department.objects.visible_to(user)).values("pk")
        return self.filter(models.Q(pk=user.pk) | models.Q(pk__in=shared))


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Without a password nobody can sign in yet: an invitation lets the person choose one."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_superuser=True, **fields)


class User(AbstractBaseUser):
    """Somebody who signs in by e-mail. What they may do follows from their role (`roles.py`)."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class Period(models.TextChoices):
        LAST_30_DAYS = "last_30_days", "Last 30 days"
        LAST_90_DAYS = "last_90_days", "Last 90 days"
        THIS_MONTH = "this_month", "This month"
        LAST_MONTH = "last_month", "Last month"
        THIS_YEAR = "this_year", "This year"

    class Digest(models.TextChoices):
        DAY = "day", "Each morning"
        WEEK = "week", "Each Monday morning"

    email = models.EmailField(
        "e-mail", unique=True, error_messages={"unique": "Somebody with this e-mail is here already."}
    )
    name = models.CharField(max_length=120, validators=[one_plain_line])
    role = models.CharField(
        max_length=20, choices=roles.CHOICES, blank=True, help_text="Decides what this person may see and do."
    )
    departments = models.ManyToManyField(Department, related_name="members", blank=True)
    is_active = models.BooleanField(
        "active", default=True, help_text="Untick to lock the person out from their next click on."
    )
    is_superuser = models.BooleanField(
        "emergency superuser",
        default=False,
        help_text="May do everything. Each of their requests is written to the audit trail.",
    )
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    default_period = models.CharField(max_length=20, choices=Period.choices, default=Period.LAST_30_DAYS)
    wants_digest = models.BooleanField(
        "digest by e-mail", default=False, help_text="One mail about all alerts instead of one about each."
    )
    digest_every = models.CharField(max_length=4, choices=Digest.choices, default=Digest.DAY)
    time_zone = models.CharField(
        max_length=50,
        blank=True,
        validators=[known_time_zone],
        help_text="Such as America/Chicago; empty for the site's own.",
    )

    objects = UserManager()

    # What the audit trail may show of a change; other fields, the password among them, are only named there.
    AUDIT_VALUES: ClassVar[tuple[str, ...]] = (
        "email",
        "name",
        "role",
        "departments",
        "is_active",
        "is_superuser",
        "theme",
        "default_period",
        "wants_digest",
        "digest_every",
        "time_zone",
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ["name"]
        # With the unique column: one person an address, however it is spelt.
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_in_lower_case")
        ]
        permissions = [
            ("use_admin", "Can use the admin"),
            ("use_api", "Can see how the API is used"),
            ("view_team", "Can see the people of the team"),
            ("view_style_guide", "Can see the design system's components"),
            ("view_operations", "Can see the state of the installation"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email

    @property
    def role_now(self) -> roles.Role:
        return roles.role_of(self.role)

    @property
    def sees_everything(self) -> bool:
        return self.is_superuser or self.role_now.sees == roles.Sees.EVERYTHING

    @property
    def phi_masked(self) -> bool:
        return not self.is_superuser and self.role_now.phi_masked

    @property
    def is_staff(self) -> bool:
        """Django's own name for "may use the admin"."""
        return self.has_perm("accounts.use_admin")

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone or settings.TIME_ZONE)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and (self.is_superuser or perm in self.role_now.permissions)

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return all(self.has_perm(perm) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and (
            self.is_superuser or any(perm.startswith(f"{app_label}.") for perm in self.role_now.permissions)
        )


class AuditEntry(models.Model):
    """One thing that somebody did, saw, or was refused. Written by `audit.record`, never changed."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    actor_name = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    subject_name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    mac = models.CharField(max_length=64, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        permissions = [("read_audit_trail", "Can read and export the audit trail")]
        indexes = [
            models.Index(fields=["actor", "-id"], name="audit_by_person"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_by_subject"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(
                fields=["address", "at"],
                name="audit_failed_sign_ins",  # read by throttle.AddressGuard before each sign-in
                condition=models.Q(action="sign_in.failed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name or 'nobody'} {self.action}"


class AuditSeal(models.Model):
    """The place of one entry in the chain: `mac` binds the entry to all that were sealed before it."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    mac = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"seal {self.position} of entry {self.entry_id}"
