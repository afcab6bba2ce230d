// What SIP Outbound needs: keep-alives, tokens, bindings and flow sets.

#include <map>

#include "clients/cli/command_line_options.h"

namespace flowbroker::cli {

using client::KeepAliveMethod;

void CommandLine::AddKeepAlive() {
  static const std::map<std::string, KeepAliveMethod> kMethods{{"none", KeepAliveMethod::kNone},
                                                               {"crlf", KeepAliveMethod::kCrlf},
                                                               {"stun", KeepAliveMethod::kStun},
                                                               {"options", KeepAliveMethod::kOptions}};
  CLI::App* keep_alive = Add(Command::kKeepAlive, "keep-alive", "say how a flow is asked whether it lives");
  AddFlow(keep_alive);
  keep_alive->add_option("METHOD", invocation_.keep_alive, "crlf (TCP, TLS), stun (UDP), options, none")
      ->transform(NameOf(kMethods))
      ->required();
  keep_alive->add_option("--flow-timer", invocation_.flow_timer, "Flow-Timer of the answer to a REGISTER")
      ->check(SecondsBetween(1.0, 3600.0))
      ->type_name("SECONDS");
  keep_alive->footer("Example: flowctl keep-alive FLOW crlf --flow-timer 120");
}

void CommandLine::AddEdge() {
  CLI::App* bindings = Add(Command::kBindings, "bindings", "show the flows that reach an address-of-record");
  CLI::Option* watch = bindings->add_flag("--watch", invocation_.follow, "show them come and go instead");
  bindings->add_option("AOR", invocation_.subject, "as it was registered; absent with --watch: all");
  AddWatchOptions(bindings);
  bindings->callback([this, watch] {
    if (watch->empty() && invocation_.subject.empty()) throw CLI::RequiredError("AOR");
    invocation_.command = Command::kBindings;
  });
  bindings->footer(
      "A numbered row per user agent, best first; below it its other flows. --after, --count and --for go with\n"
      "--watch. Example: flowctl bindings sip:alice@example.org");
  AddFlow(Add(Command::kToken, "token", "mint a flow's token, for a Path or Record-Route URI"));
  CLI::App* verify = Add(Command::kVerify, "verify", "find out which flow a token names, and whether it is forged");
  verify->add_option("TOKEN", invocation_.subject, "user part of the URI")->required();
  verify->footer("Exit code 0: its flow is open; 4: it is gone; 1: the token is forged.");
}

void CommandLine::AddFlowSet() {
  CLI::App* flow_set =
      app_.add_subcommand("flow-set", "keep flows to a set of outbound proxies, and see how they stand");
  flow_set->require_subcommand(1);
  flow_set->fallthrough();
  flow_set->footer("Example: flowctl flow-set ensure trunk sip:p1.example.org sip:p2.example.org");
  const auto add = [&](Command command, const char* name, const char* description) {
    CLI::App* sub = flow_set->add_subcommand(name, description);
    sub->callback([this, command] { invocation_.command = command; });
    return sub;
  };
  CLI::App* ensure = add(Command::kEnsureFlowSet, "ensure", "keep a flow to each of 2 to 4 outbound proxies");
  AddSetName(ensure);
  ensure->add_option("URI", invocation_.flow_set.uris, "of the proxies, the primary first")->required();
  ensure->add_option("--instance", invocation_.flow_set.instance_id, "instance-id; default: one made by the broker")
      ->type_name("URN");
  ensure->add_flag("--replace", invocation_.flow_set.replace, "give a set that differs these URIs, with new flows");
  AddGroup(ensure, "client group of the flows (default: none)");
  AddSetName(add(Command::kShowFlowSet, "show", "show where the flows of a set stand"));
  add(Command::kListFlowSets, "list", "show all sets");
  AddSetName(add(Command::kDeleteFlowSet, "delete", "close the flows of a set and forget it"));
  CLI::App* watch = add(Command::kWatchFlowSet, "watch", "show what happens to a set, and when to REGISTER");
  AddSetName(watch);
  AddWatchOptions(watch);
  AddRegistration(add(Command::kReportRegistration, "report", "tell the broker how a REGISTER ended"));
}

void CommandLine::AddSetName(CLI::App* sub) {
  sub->add_option("NAME", invocation_.subject, "of the set")->required();
}

void CommandLine::AddRegistration(CLI::App* report) {
  AddSetName(report);
  client::RegistrationReport& registration = invocation_.registration;
  report->add_option("REG-ID", registration.reg_id, "place of the URI in the set, from 1")->required();
  report->add_option("FLOW", registration.flow_id, "that the REGISTER was sent on")->required();
  CLI::Option* refused = report->add_flag("--refused", refused_, "it was refused, or not answered");
  report->add_option("--retry-after", invocation_.retry_after, "of a 503")
      ->check(SecondsBetween(0.0, 86400.0))
      ->needs(refused)
      ->type_name("SECONDS");
  report->footer("Without --refused: it was accepted. Example: flowctl flow-set report trunk 1 FLOW --refused");
}

}  // namespace flowbroker::cli
