import pytest
from django.core.management import CommandError, call_command

from rcm_site.models import Heartbeat

pytestmark = pytest.mark.django_db


PARTS = {"worker": "worker", "payments_worker": "payments", "facts_worker": "facts", "beat": "beat"}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_alive_while_its_heartbeat_is_fresh(part):
    Heartbeat.objects.beat(PARTS[part])

    call_command("alive", part)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_never_showed_a_sign_of_life_fails(part):
    with pytest.raises(CommandError, match=f"from the {part.replace('_', ' ')}"):
        call_command("alive", part)
