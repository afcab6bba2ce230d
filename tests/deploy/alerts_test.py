"""Rules and alerts of deploy/k8s/components/monitoring: promtool accepts and tests them, and each leads to the runbook."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

from manifests import ROOT, of_kind, overlay

HERE = os.path.dirname(os.path.abspath(__file__))


def alerts(groups):
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


class AlertsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spec = of_kind(overlay("production"), "PrometheusRule")["spec"]

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def promtool(self, *arguments, spec):
        """Runs promtool where `spec` is rules.yaml; its exit code and what it said."""
        with open(os.path.join(self.directory.name, "rules.yaml"), "w", encoding="utf-8") as file:
            yaml.safe_dump(spec, file)
        shutil.copy(os.path.join(HERE, "alerts_test.yaml"), self.directory.name)
        done = subprocess.run(["promtool", *arguments], cwd=self.directory.name, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_the_rules_are_well_formed(self):
        code, text = self.promtool("check", "rules", "--lint-fatal", "rules.yaml", spec=self.spec)
        self.assertEqual(code, 0, text)

    def test_each_alert_fires_on_its_story_only(self):
        code, text = self.promtool("test", "rules", "alerts_test.yaml", spec=self.spec)
        self.assertEqual(code, 0, text)

    def test_alerts_that_never_fire_are_found_out(self):
        silent = yaml.safe_load(yaml.safe_dump(self.spec))
        for alert in alerts(silent["groups"]):
            alert["expr"] = "vector(0) > 1"
        code, text = self.promtool("test", "rules", "alerts_test.yaml", spec=silent)
        self.assertNotEqual(code, 0)
        for alert in alerts(self.spec["groups"]):
            self.assertIn(f"alertname: {alert['alert']},", text)

    def test_each_alert_has_a_section_of_the_runbook_and_the_other_way_round(self):
        with open(os.path.join(ROOT, "deploy", "runbook.md"), encoding="utf-8") as file:
            sections = re.findall(r"^## (Flowbroker\w+)$", file.read(), re.MULTILINE)
        names = [alert["alert"] for alert in alerts(self.spec["groups"])]
        self.assertCountEqual(sections, names)
        for alert in alerts(self.spec["groups"]):
            self.assertEqual(alert["annotations"]["runbook_url"], f"deploy/runbook.md#{alert['alert'].lower()}")

    def test_each_alert_says_how_bad_it_is_and_waits(self):
        for alert in alerts(self.spec["groups"]):
            with self.subTest(alert=alert["alert"]):
                self.assertIn(alert["labels"]["severity"], ("critical", "warning", "info"))
                self.assertIn("for", alert)
                self.assertCountEqual(alert["annotations"], ["summary", "description", "runbook_url"])


if __name__ == "__main__":
    unittest.main()
