#pragma once

#include <optional>
#include <string>

#include "broker/base/expected.h"
#include "broker/engine/history_access.h"
#include "broker/flow/owner.h"
#include "flowbroker/v1/history_service.pb.h"
#include "service/rpc/proto_conversion.h"

// Between HistoryService's messages and the engine's memory.
namespace flowbroker::rpc {

/// What a filled-in message needs besides the thing itself.
struct HistoryView {
  const engine::HistoryAccess& history;  ///< knows the names of interfaces
  Moment now;
};

void Fill(const history::FamilyPreference& preference, const HistoryView& view, v1::FamilyPreference& out);
void Fill(const engine::TargetReachability& target, const HistoryView& view, v1::TargetReachability& out);
void Fill(const engine::PreferenceEvent& event, const HistoryView& view, v1::PreferenceEvent& out);
void Fill(const engine::RaceRecord& race, const Moment& now, v1::Race& out);

/// One page of preferences.
struct PreferencePage {
  std::optional<history::PrefixKey> after;
  std::size_t count;
  std::optional<std::string> interface;
  std::optional<AddressFamily> family;
  std::optional<IpPrefix> prefix;
  bool only_impaired;

  bool Shows(const history::FamilyPreference& preference, const engine::HistoryAccess& history) const;
};
Expected<PreferencePage> FromProto(const v1::ListFamilyPreferencesRequest& request);

/// The token of the page behind `last`; reads back as its key.
std::string PageTokenAfter(const history::PrefixKey& last);

/// One page of races.
struct RacePage {
  std::optional<std::uint64_t> before;
  std::size_t count;
  std::optional<engine::Host> host;
  std::optional<bool> succeeded;
  flow::Scope scope;  ///< whose

  bool Shows(const engine::RaceRecord& race) const;
};
Expected<RacePage> FromProto(const v1::ListRacesRequest& request);

Expected<engine::ReachabilityQuery> FromProto(const v1::GetReachabilityRequest& request);

/// A local interface; empty: none is named.
Expected<std::optional<std::string>> OptionalInterface(const std::string& text);

}  // namespace flowbroker::rpc
