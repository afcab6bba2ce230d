#!/usr/bin/env python3
"""The admin port of a running daemon: calls as JSON over HTTP, who may make them, and the drain."""

import json
import os
import re
import subprocess

from harness import OK, UNAVAILABLE, BrokerTest, eventually, main, program

URI = "sip:dual.example.test;transport=tcp"
ADMIN = "127.0.0.1:7461"
TOKEN = "an-opaque-token-of-the-test"
EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "clients", "examples", "http", "README.md")


class Reply:
    """What curl got: `code` is 0 where there was no answer."""

    def __init__(self, done):
        head, _, self.body = done.stdout.partition("\n\n")  # text: CR LF came as LF
        lines = head.splitlines()
        self.code = int(lines[0].split()[1]) if lines else 0
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        self.text = f"{done.stdout}\n{done.stderr}"

    @property
    def json(self):
        return json.loads(self.body)

    def detail(self, kind):
        """The detail of the google.rpc.Status of that type."""
        return next(one for one in self.json["details"] if one["@type"].endswith("/" + kind))


class AdminTest(BrokerTest):
    flags = ("--admin", ADMIN)

    def curl(self, *arguments):
        command = self.lab.command("client", ["curl", "-sS", "-i", "--max-time", "60", *arguments])
        return Reply(subprocess.run(command, capture_output=True, text=True, timeout=90))

    def get(self, path, admin=ADMIN):
        return self.curl(f"http://{admin}{path}")

    def post(self, path, body, *arguments, admin=ADMIN):
        return self.curl("--json", json.dumps(body), *arguments, f"http://{admin}{path}")

    def acquire_json(self, uri, *arguments, admin=ADMIN):
        return self.post("/v1/BrokerService/Acquire", {"destination": {"uri": uri}}, *arguments, admin=admin)

    def drain(self, *arguments):
        command = [program("flowctl"), "drain", "--admin", ADMIN, *arguments]
        return subprocess.run(self.lab.command("client", command), capture_output=True, text=True, timeout=90)

    def write_token(self, token):
        path = os.path.join(self.broker.directory, "token")
        with open(path, "w") as file:
            file.write(token + "\n")
        return path

    def test_a_flow_acquired_over_http_is_that_of_grpc(self):
        raced = self.acquire_json(URI)
        self.assertEqual((raced.code, raced.json["source"]), (200, "FLOW_SOURCE_RACED"), raced.text)
        self.assertEqual(self.acquire_json(URI).json["source"], "FLOW_SOURCE_POOLED")
        flow = self.post("/v1/FlowService/GetFlow", {"flowId": raced.json["flowId"]})
        self.assertEqual(flow.json["flow"]["flowId"], raced.json["flowId"], flow.text)
        self.assertEqual(self.broker.flows()[0]["flow_id"], raced.json["flowId"])
        gone = self.post("/v1/FlowService/GetFlow", {"flowId": "nobody"})
        self.assertEqual((gone.code, gone.json["code"]), (404, 5), gone.text)

    def test_a_failure_tells_the_same_story_as_over_grpc(self):
        failed = self.acquire_json("sip:refused.example.test;transport=tcp")
        self.assertEqual((failed.code, failed.json["code"]), (503, 14), failed.text)
        steps = failed.detail("flowbroker.v1.Trace")["steps"]
        over_grpc = self.fail_to(UNAVAILABLE, "acquire", "sip:refused.example.test;transport=tcp")
        attempts = [one["subject"] for one in steps if one["what"] == "TRACE_WHAT_ATTEMPT"]
        self.assertEqual(len(attempts), 2, failed.text)
        self.assertEqual(sorted(attempts), sorted(one["subject"] for one in over_grpc.attempts))

    def test_the_deadline_of_the_caller_ends_the_call(self):
        late = []

        def tells_its_story():
            late.append(self.acquire_json("sip:alldead.example.test;transport=tcp", "-H", "Grpc-Timeout: 1S"))
            self.assertEqual((late[-1].code, late[-1].json["code"]), (504, 4), late[-1].text)
            return late[-1].json["details"]

        # The broker answers a twentieth before the deadline; on a very busy machine that may come too late.
        self.assertTrue(eventually(tells_its_story), late[-1].text)
        self.assertTrue(late[-1].detail("flowbroker.v1.Trace")["steps"], late[-1].text)

    def test_calls_wait_beside_each_other(self):
        self.acquire_json(URI)
        dead = [
            subprocess.Popen(
                self.lab.command("client", ["curl", "-sS", "--json", '{"destination":{"uri":"sip:192.0.2.66"}}',
                                            f"http://{ADMIN}/v1/BrokerService/Acquire"]),
                stdout=subprocess.DEVNULL)
            for _ in range(20)
        ]
        try:
            self.assertEqual(self.acquire_json(URI).json["source"], "FLOW_SOURCE_POOLED")
            self.assertEqual([one.poll() for one in dead], [None] * 20)
        finally:
            for one in dead:
                one.kill()
                one.wait()

    def test_the_examples_do_what_they_say(self):
        with open(EXAMPLES) as file:
            sections = re.split(r"^## ", file.read(), flags=re.MULTILINE)
        setup, *blocks = (re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL) for section in sections)
        commands = dict(zip((section.splitlines()[0] for section in sections[1:]), blocks))
        token_file = self.write_token(TOKEN)

        def run(title):
            script = "\n".join(["set -eu", *setup, *commands[title]])
            command = ["env", f"PEER={URI}", f"TOKEN_FILE={token_file}", "sh", "-c", script]
            done = self.lab.run("client", command, capture_output=True, text=True, timeout=90)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        self.assertEqual(json.loads(run("A flow"))["source"], "FLOW_SOURCE_RACED")
        self.assertEqual(json.loads(run("A flow"))["source"], "FLOW_SOURCE_POOLED")
        preferences = json.loads(run("Which family is used where"))["preferences"]
        self.assertIn("2001:db8:1::/48", [one["prefix"] for one in preferences])
        body, code = run("An error").rsplit("\n", 2)[:2]
        self.assertEqual(code, "400", body)
        self.assertEqual(json.loads(body)["details"][0]["fieldViolations"][0]["field"], "destination.url")
        self.restart("--admin", ADMIN, "--admin-token-file", token_file)
        self.assertEqual(run("With a token").splitlines()[-1], "200")
        self.write_token("another-token-of-the-test")
        self.assertEqual(run("With a token").splitlines()[-1], "401")
        self.assertNotIn(TOKEN, self.broker.said())

    def test_a_token_guards_calls_and_drain_and_nothing_else(self):
        token_file = self.write_token(TOKEN)
        self.restart("--admin", ADMIN, "--admin-token-file", token_file)
        refused = self.acquire_json(URI)
        self.assertEqual((refused.code, refused.json["code"]), (401, 16), refused.text)
        self.assertIn("Bearer", refused.headers["www-authenticate"])
        self.assertEqual(self.acquire_json(URI, "-H", "Authorization: Bearer no").code, 401)
        self.assertEqual(self.acquire_json(URI, "-H", f"Authorization: Bearer {TOKEN}").code, 200)
        self.assertNotEqual(self.drain().returncode, OK)
        for path in ("/", "/healthz", "/readyz", "/metrics"):
            self.assertEqual(self.get(path).code, 200, path)
        self.assertNotIn(TOKEN, self.get("/metrics").body + self.broker.said())

    def test_off_loopback_nothing_is_served_without_a_token_but_probes_and_metrics(self):
        self.restart("--admin", "0.0.0.0:7461")
        here = "192.0.2.2:7461"
        refused = self.acquire_json(URI, admin=here)
        self.assertEqual((refused.code, refused.json["code"]), (403, 7), refused.text)
        self.assertIn("admin-token-file", refused.json["message"])
        self.assertEqual(self.acquire_json(URI).code, 403)
        self.assertEqual(self.curl("-X", "POST", f"http://{here}/drain").code, 403)
        for path in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(self.get(path, here).code, 200, path)

    def test_pages_in_a_browser_cannot_call(self):
        for header in ("Origin: https://evil.example", "Host: evil.example:7461"):
            self.assertEqual(self.acquire_json(URI, "-H", header).code, 403, header)
        form = self.curl("-d", '{"destination":{}}', f"http://{ADMIN}/v1/BrokerService/Acquire")
        self.assertEqual(form.code, 415, form.text)
        self.assertEqual(self.get("/v1/BrokerService/Acquire").code, 405)

    def test_more_calls_than_the_rate_allows_are_told_to_come_back(self):
        self.restart("--admin", ADMIN, "--admin-calls-per-second", "2")
        codes = [self.post("/v1/FlowService/ListFlows", {}).code for _ in range(10)]
        self.assertIn(200, codes)
        self.assertIn(429, codes)
        self.assertEqual(self.get("/healthz").code, 200)
        metrics = self.get("/metrics").body
        for route, code, count in (("call", 200, codes.count(200)), ("call", 429, codes.count(429)), ("healthz", 200, 1)):
            self.assertRegex(metrics, f'flowbroker_admin_requests_total{{.*code="{code}",route="{route}".*}} {count}\n')
        self.assertIn(f'flowbroker_limits_hit_total{{limit="admin_rate"}} {codes.count(429)}\n', metrics)

    def test_drain_takes_the_broker_out_of_service(self):
        flow = self.acquire_json(URI).json["flowId"]
        self.assertEqual(self.get("/readyz").code, 200)
        for _ in range(2):
            done = self.drain()
            self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual((self.get("/readyz").code, self.get("/healthz").code), (503, 200))
        refused = self.acquire_json(URI)
        self.assertEqual((refused.code, refused.json["code"]), (503, 14), refused.text)
        self.assertIn("retry-after", refused.headers)
        self.assertEqual(refused.detail("google.rpc.ErrorInfo")["reason"], "DRAINING")
        self.assertEqual(self.post("/v1/FlowService/GetFlow", {"flowId": flow}).code, 200)  # what is there goes on

    def test_drain_waits_until_the_broker_has_ended(self):
        command = [program("flowctl"), "drain", "--admin", ADMIN, "--wait", "60"]
        waiting = subprocess.Popen(self.lab.command("client", command), stdout=subprocess.PIPE, text=True)
        self.addCleanup(waiting.stdout.close)
        self.assertIn("drains", waiting.stdout.readline())
        self.assertIsNone(waiting.poll())
        self.assertEqual(self.broker.stop(), 0)
        self.assertEqual(waiting.wait(30), OK)

    def test_what_does_not_listen_is_unreachable(self):
        self.restart()
        done = self.drain()
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("cannot reach the admin port", done.stderr)

    def test_many_connections_that_send_nothing_do_not_keep_probes_out(self):
        flood = """
import socket, sys
held = [socket.create_connection(("127.0.0.1", 7461)) for _ in range(700)]
for one in held: one.sendall(b"GET /healthz HTT")
print("held", flush=True)
sys.stdin.read()
"""
        holder = self.lab.popen("client", ["python3", "-c", flood], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stdin.close)
        holder.stdout.readline()
        self.assertTrue(eventually(lambda: self.get("/healthz").code == 200))


if __name__ == "__main__":
    main()
