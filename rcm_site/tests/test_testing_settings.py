from rcm_site.testing.settings import separate


def test_each_test_process_has_redis_databases_of_its_own():
    seen = []
    for worker in ("gw0", "gw1"):
        env = {"REDIS_URL": "redis://:pw@host:6379/0", "CELERY_BROKER_URL": "redis://host:6379"}
        separate(env, var="/somewhere", worker=worker)
        seen += [env["REDIS_URL"], env["CELERY_BROKER_URL"]]

    assert seen == [
        "redis://:pw@host:6379/0",
        "redis://host:6379/1",
        "redis://:pw@host:6379/2",
        "redis://host:6379/3",
    ]


def test_each_test_process_has_a_postgresql_of_its_own_where_there_is_one():
    ours = {
        "DATABASE_URL": "postgres:///0",
        "DATABASE_URL_GW0": "postgres:///0",
        "DATABASE_URL_GW1": "postgres:///1",
    }
    for worker, own in (("gw0", "postgres:///0"), ("gw1", "postgres:///1"), ("", "postgres:///0")):
        env = dict(ours)
        separate(env, var="/somewhere", worker=worker)
        assert env["DATABASE_URL"] == own

    env = {"DATABASE_URL": "postgres:///named"}
    separate(env, var="/somewhere", worker="gw1")
    assert env["DATABASE_URL"] == "postgres:///named"


def test_files_and_a_developers_own_settings_stay_out_of_tests():
    env = {"VAR_DIR": "/the/real/one"}

    separate(env, var="/somewhere", worker="")

    assert (env["VAR_DIR"], env["ENV_FILE"]) == ("/somewhere", "/dev/null")
