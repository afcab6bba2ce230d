#include "service/rpc/history_rpc.h"

#include "service/rpc/call_answer.h"
#include "service/rpc/fields.h"
#include "service/rpc/history_conversion.h"
#include "service/rpc/watch_preferences_stream.h"

namespace flowbroker::rpc {
namespace {

/// Most clients take messages of 4 MB, and a trace has no fixed size.
constexpr std::size_t kMaxRacesBytes = std::size_t{2} * 1024 * 1024;

Expected<engine::Forgotten> Forget(const v1::ResetHistoryRequest& request, engine::HistoryAccess& history) {
  switch (request.what_case()) {
    case v1::ResetHistoryRequest::kAll:
      if (!request.all()) return FieldError("all", "must be true");
      return history.ForgetAll();
    case v1::ResetHistoryRequest::kPrefix: {
      const auto prefix = RequiredPrefix(request.prefix(), "prefix");
      if (!prefix) return Unexpected(prefix.error());
      return history.Forget(*prefix);
    }
    case v1::ResetHistoryRequest::kHost: {
      const auto host = RequiredHost(request.host(), "host");
      if (!host) return Unexpected(host.error());
      return history.Forget(*host);
    }
    case v1::ResetHistoryRequest::WHAT_NOT_SET:
      return FieldError("what", "required: set all, prefix or host");
  }
  __builtin_unreachable();
}

}  // namespace

void HistoryRpc::ServeOn(CallQueue& queue) {
  const Entrance calls = gate_.For(CallKind::kCall);
  using Async = v1::HistoryService::AsyncService;
  ServeUnary(queue, calls, service_, &Async::RequestListFamilyPreferences,
             [this](const auto& request, auto& call) { ListFamilyPreferences(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestGetReachability,
             [this](const auto& request, auto& call) { GetReachability(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestListRaces,
             [this](const auto& request, auto& call) { ListRaces(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestResetHistory,
             [this](const auto& request, auto& call) { ResetHistory(request, call); });
  ServeStreams<WatchPreferencesStream>(queue, gate_.For(CallKind::kStream), service_, broker_, options_);
}

void HistoryRpc::ListFamilyPreferences(const v1::ListFamilyPreferencesRequest& request,
                                       UnaryCall<v1::ListFamilyPreferencesResponse>& call) {
  const auto page = FromProto(request);
  if (!page) return Fail(call, page.error());
  const HistoryView view{broker_.history(), MomentOf(broker_)};
  auto& rows = *call.response().mutable_preferences();
  const history::PrefixKey* last = nullptr;
  const auto preferences = view.history.Preferences();
  for (const history::FamilyPreference& preference : preferences) {
    if (!page->Shows(preference, view.history)) continue;
    if (static_cast<std::size_t>(rows.size()) == page->count) {
      call.response().set_next_page_token(PageTokenAfter(*last));
      break;
    }
    Fill(preference, view, *rows.Add());
    last = &preference.key;
  }
  call.Finish();
}

void HistoryRpc::GetReachability(const v1::GetReachabilityRequest& request,
                                 UnaryCall<v1::GetReachabilityResponse>& call) {
  const auto query = FromProto(request);
  if (!query) return Fail(call, query.error());
  const HistoryView view{broker_.history(), MomentOf(broker_)};
  for (const engine::TargetReachability& target : view.history.Reachability(*query)) {
    Fill(target, view, *call.response().add_targets());
  }
  if (!call.response().targets().empty()) return call.Finish();
  call.Fail({grpc::StatusCode::NOT_FOUND, "nothing is known of " + request.host()});
}

void HistoryRpc::ListRaces(const v1::ListRacesRequest& request, UnaryCall<v1::ListRacesResponse>& call) {
  auto page = FromProto(request);
  if (!page) return Fail(call, page.error());
  page->scope.tenant = call.caller().Sees().tenant;
  const Moment now = MomentOf(broker_);
  auto& races = *call.response().mutable_races();
  std::size_t bytes = 0;
  for (const engine::RaceLog::Entry& race : broker_.history().Races()) {
    if (!page->Shows(*race)) continue;
    if (static_cast<std::size_t>(races.size()) == page->count || bytes >= kMaxRacesBytes) {
      call.response().set_next_page_token(std::to_string(races.rbegin()->number()));
      break;
    }
    Fill(*race, now, *races.Add());
    bytes += races.rbegin()->ByteSizeLong();
  }
  call.Finish();
}

void HistoryRpc::ResetHistory(const v1::ResetHistoryRequest& request, UnaryCall<v1::ResetHistoryResponse>& call) {
  if (!call.caller().is_operator) {
    return Fail(call, {FailureReason::kForbidden, "memory is shared by all tenants: only operators may reset it"});
  }
  const auto forgotten = Forget(request, broker_.history());
  if (!forgotten) return Fail(call, forgotten.error());
  call.response().set_targets(static_cast<std::uint32_t>(forgotten->targets));
  call.response().set_prefixes(static_cast<std::uint32_t>(forgotten->prefixes));
  call.Finish();
}

}  // namespace flowbroker::rpc
