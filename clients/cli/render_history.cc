#include "clients/cli/render_history.h"

#include <algorithm>
#include <cmath>

#include "clients/cli/layout.h"
#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

using client::Duration;
using client::Reachability;
using client::ToString;
using client::WallTime;

std::string Or(std::string text, const char* instead) {
  return text.empty() ? std::string(instead) : text;
}

// "5 min": how long ago.
std::string Age(WallTime since, WallTime now) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(std::max(now - since, WallTime::duration::zero()));
  return age.count() == 0 ? "< 1 s" : FormatDuration(age);
}

// When the next background attempt may come: "in 12 s"; "" for none.
std::string Until(const std::optional<WallTime>& time, WallTime now) {
  if (!time) return {};
  if (*time <= now) return "with the next request";
  return "in " + FormatDuration(std::chrono::ceil<std::chrono::seconds>(*time - now));
}

// "IPv4 93 %".
std::string Preferred(const client::FamilyPreference& preference) {
  return std::string(ToString(preference.preferred_family)) + " " +
         std::to_string(std::lround(preference.confidence * 100)) + " %";
}

// "unreachable: overtaken".
std::string State(Reachability reachability, const std::string& failure) {
  return std::string(ToString(reachability)) + (failure.empty() ? "" : ": " + Clean(failure));
}

// "TCP 20 ms (4), TLS 22 ms (4)": per stage, with the number of samples; "~" marks what only the prefix knows.
std::string RoundTrips(const std::vector<client::StageRtt>& rtts) {
  std::string text;
  for (const client::StageRtt& rtt : rtts) {
    text += (text.empty() ? "" : ", ") + std::string(ToString(rtt.stage)) + (rtt.of_target ? " " : " ~") +
            FormatDuration(rtt.smoothed) + " (" + std::to_string(rtt.samples) + ")";
  }
  return text;
}

// "IPv6 TCP [2001:db8::1]:5060 in 40 ms, raced" or "UNAVAILABLE".
std::string Ending(const client::Race& race) {
  const std::string time = FormatDuration(race.duration);
  if (!race.succeeded) return Or(Clean(race.failure), "failed") + " after " + time;
  return std::string(ToString(race.family)) + " " + std::string(ToString(race.transport)) + " " +
         Clean(race.remote.ToString()) + " in " + time + ", " + std::string(ToString(race.source));
}

std::size_t Attempts(const client::Race& race) {
  return static_cast<std::size_t>(
      std::ranges::count(race.trace.steps, client::TraceWhat::kAttempt, &client::TraceStep::what));
}

Colour ColourOf(const client::Race& race) {
  return race.succeeded ? Colour::kGreen : Colour::kRed;
}

}  // namespace

std::string RenderPreferences(const std::vector<client::FamilyPreference>& preferences, WallTime now,
                              const Canvas& canvas) {
  if (preferences.empty()) return "nothing is remembered\n";
  std::vector<std::vector<std::string>> rows{
      {"interface", "prefix", "transport", "preferred", "for", "won/lost", "RTT", "state", "next probe"}};
  for (const client::FamilyPreference& one : preferences) {
    rows.push_back({Or(Clean(one.interface), "-"), Clean(one.prefix), std::string(ToString(one.transport)),
                    Preferred(one), Age(one.since, now), std::to_string(one.wins) + "/" + std::to_string(one.losses),
                    one.smoothed_rtt ? FormatDuration(*one.smoothed_rtt) : "", State(one.reachability, one.failure),
                    Until(one.next_reprobe, now)});
  }
  return Table(rows, canvas);
}

std::string RenderPreferenceEvent(const client::PreferenceEvent& event, const Canvas& canvas) {
  const std::string start =
      LocalTime(event.time) + "  " + Paint(std::to_string(event.sequence), Colour::kDim, canvas.colour) + "  ";
  if (!event.changed) return start + "forgotten: " + Clean(event.forgotten) + "\n";
  const client::FamilyPreference& now = *event.changed;
  const bool own = now.preferred_family == now.family;
  return start + Or(Clean(now.interface), "-") + "  " + Clean(now.prefix) + " " + std::string(ToString(now.transport)) +
         "  " + Paint("prefers " + Preferred(now), own ? Colour::kGreen : Colour::kYellow, canvas.colour) + "  " +
         State(now.reachability, now.failure) + "\n";
}

std::string RenderReachability(std::string_view host, const std::vector<client::TargetReachability>& targets,
                               WallTime now, const Canvas& canvas) {
  const bool usable = std::ranges::any_of(targets, [](const client::TargetReachability& target) {
    return target.reachability != Reachability::kUnreachable && !target.unavailable;
  });
  std::vector<std::vector<std::string>> rows{
      {"target", "interface", "state", "says", "for", "next probe", "round trips", "T1"}};
  for (const client::TargetReachability& one : targets) {
    const bool known = one.reachability != Reachability::kUnknown;
    rows.push_back({std::string(ToString(one.transport)) + " " + Clean(one.endpoint.ToString()),
                    Or(Clean(one.interface), "-"),
                    State(one.reachability, one.failure) + (one.unavailable ? ", 503" : ""),
                    known ? std::string(ToString(one.level)) : "", one.since ? Age(*one.since, now) : "",
                    Until(one.next_reprobe, now), RoundTrips(one.rtts), FormatDuration(one.timers.t1)});
  }
  const std::string summary = std::to_string(targets.size()) + (targets.size() == 1 ? " target" : " targets");
  return Headline(Clean(host), summary, usable ? Colour::kGreen : Colour::kRed, canvas) + Table(rows, canvas);
}

std::string RenderRaces(const std::vector<client::Race>& races, const Canvas& canvas) {
  if (races.empty()) return "no races are remembered\n";
  std::vector<std::vector<std::string>> rows{{"race", "started", "host", "group", "attempts", "result", "why"}};
  for (const client::Race& race : races) {
    rows.push_back({std::to_string(race.number), LocalTime(race.start_time), Clean(race.host),
                    Or(Clean(race.client_group), "-"), std::to_string(Attempts(race)), Ending(race),
                    Clean(race.detail)});
  }
  return Table(rows, canvas);
}

std::string RenderRaceWaterfalls(const std::vector<client::Race>& races, const Canvas& canvas) {
  if (races.empty()) return "no races are remembered\n";
  std::string text;
  for (const client::Race& race : races) {
    if (!text.empty()) text += "\n";
    const std::string name = std::to_string(race.number) + "  " + LocalTime(race.start_time) + "  " + Clean(race.host);
    text += Headline(name, Ending(race), ColourOf(race), canvas);
    text += RenderWaterfall(race.trace, canvas, race.duration);
    if (race.detail.empty()) continue;
    for (const std::string& line : Wrap(Clean(race.detail), canvas.columns)) text += line + "\n";
  }
  return text;
}

}  // namespace flowbroker::cli
