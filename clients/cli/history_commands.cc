#include <algorithm>

#include "clients/cli/follow.h"
#include "clients/cli/render_history.h"
#include "clients/cli/session.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

using History = v1::HistoryService::StubInterface;

constexpr std::uint32_t kPage = 1000;
constexpr unsigned kUsualRaces = 20;

// All pages as one answer.
tl::expected<v1::ListFamilyPreferencesResponse, grpc::Status> ListAll(const Session& session) {
  v1::ListFamilyPreferencesResponse all;
  v1::ListFamilyPreferencesRequest request = client::ToProto(session.invocation.preferences);
  request.set_page_size(kPage);
  do {
    auto page = Call(session, *session.history, &History::ListFamilyPreferences, request);
    if (!page) return tl::unexpected(page.error());
    for (v1::FamilyPreference& row : *page->mutable_preferences()) *all.add_preferences() = std::move(row);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return all;
}

// As many pages as it takes for `count` races, as one answer.
tl::expected<v1::ListRacesResponse, grpc::Status> ListRaces(const Session& session, unsigned count) {
  v1::ListRacesResponse all;
  v1::ListRacesRequest request = client::ToProto(session.invocation.races);
  while (static_cast<unsigned>(all.races_size()) < count) {
    request.set_page_size(std::min(kPage, count - static_cast<unsigned>(all.races_size())));
    auto page = Call(session, *session.history, &History::ListRaces, request);
    if (!page) return tl::unexpected(page.error());
    for (v1::Race& race : *page->mutable_races()) *all.add_races() = std::move(race);
    if (page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  return all;
}

template <typename Messages>
auto FromAll(const Messages& messages) {
  std::vector<decltype(client::FromProto(*messages.begin()))> all;
  for (const auto& message : messages) all.push_back(client::FromProto(message));
  return all;
}

ExitCode WatchPreferences(Session& session) {
  v1::WatchPreferencesRequest request;
  request.set_after_sequence(session.invocation.after);
  request.set_interface(session.invocation.preferences.interface);
  return Follow<v1::WatchPreferencesResponse>(
      session, [&](grpc::ClientContext* context) { return session.history->WatchPreferences(context, request); },
      [&](const v1::WatchPreferencesResponse& response) {
        for (const v1::PreferenceEvent& event : response.events()) {
          session.out << RenderPreferenceEvent(client::FromProto(event), session.canvas);
        }
      });
}

v1::ResetHistoryRequest ResetRequest(const Invocation& asked) {
  v1::ResetHistoryRequest request;
  switch (asked.reset) {
    case ResetWhat::kAll:
      request.set_all(true);
      return request;
    case ResetWhat::kPrefix:
      request.set_prefix(asked.subject);
      return request;
    case ResetWhat::kHost:
      request.set_host(asked.subject);
      return request;
  }
  __builtin_unreachable();
}

// "3 targets".
std::string Number(std::uint32_t count, const std::string& of_what) {
  return std::to_string(count) + " " + of_what + (count == 1 ? "" : of_what.ends_with('x') ? "es" : "s");
}

}  // namespace

ExitCode RunPrefs(Session& session) {
  if (session.invocation.follow) return WatchPreferences(session);
  const auto all = ListAll(session);
  if (!all) return Fail(session, all.error());
  if (session.invocation.json) return PrintJson(session, *all), ExitCode::kOk;
  session.out << RenderPreferences(FromAll(all->preferences()), std::chrono::system_clock::now(), session.canvas);
  return ExitCode::kOk;
}

ExitCode RunReach(Session& session) {
  const auto request = client::ToProto(session.invocation.reachability);
  const auto response = Call(session, *session.history, &History::GetReachability, request);
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) return PrintJson(session, *response), ExitCode::kOk;
  session.out << RenderReachability(request.host(), FromAll(response->targets()), std::chrono::system_clock::now(),
                                    session.canvas);
  return ExitCode::kOk;
}

ExitCode RunRaces(Session& session) {
  const Invocation& asked = session.invocation;
  const auto all = ListRaces(session, asked.count == 0 ? kUsualRaces : asked.count);
  if (!all) return Fail(session, all.error());
  if (asked.json) return PrintJson(session, *all), ExitCode::kOk;
  const auto races = FromAll(all->races());
  session.out << (asked.waterfall ? RenderRaceWaterfalls(races, session.canvas) : RenderRaces(races, session.canvas));
  return ExitCode::kOk;
}

ExitCode RunReset(Session& session) {
  const auto response = Call(session, *session.history, &History::ResetHistory, ResetRequest(session.invocation));
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) return PrintJson(session, *response), ExitCode::kOk;
  session.out << "forgotten: " << Number(response->targets(), "target") << ", "
              << Number(response->prefixes(), "prefix") << "\n";
  return ExitCode::kOk;
}

}  // namespace flowbroker::cli
