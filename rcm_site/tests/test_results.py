from rcm_site.testing.results import Outcome, closing_line, never_run, read_outcomes

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="passes"/>
<testcase classname="a" name="fails"><failure message="no"/></testcase>
<testcase classname="a" name="breaks"><error message="no"/></testcase>
<testcase classname="a" name="cannot"><skipped message="no chromium"/></testcase>
<testcase classname="a" name="leaves a mess"/>
<testcase classname="a" name="leaves a mess"><error message="at teardown"/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_read_test_by_test(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)

    assert read_outcomes(report) == {
        "a::passes": Outcome("passed"),
        "a::fails": Outcome("failed"),
        "a::breaks": Outcome("failed"),
        "a::cannot": Outcome("skipped", "no chromium"),
        "a::leaves a mess": Outcome("failed"),
    }


def test_a_run_without_a_report_has_no_outcomes(tmp_path):
    assert read_outcomes(tmp_path / "missing.xml") == {}


def test_only_what_neither_run_could_run_was_never_run():
    sqlite = {"one": Outcome("skipped", "PostgreSQL only"), "two": Outcome("skipped", "no chromium")}
    postgresql = {"one": Outcome("passed"), "two": Outcome("skipped", "no chromium")}

    assert never_run([sqlite, postgresql]) == ["1 TEST: no chromium"]


def test_the_closing_line_is_plain():
    assert closing_line({"passed": 12, "skipped": 1}) == "12 passed, 0 failed, 1 skipped"
