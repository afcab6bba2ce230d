#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/waterfall.h"
#include "clients/cpp/history.h"

// What flowctl prints of the broker's memory for people. Pure: `now` is an argument. Ends with a line end.
namespace flowbroker::cli {

std::string RenderPreferences(const std::vector<client::FamilyPreference>& preferences, client::WallTime now,
                              const Canvas& canvas);

std::string RenderPreferenceEvent(const client::PreferenceEvent& event, const Canvas& canvas);

/// A table of the targets of `host`.
std::string RenderReachability(std::string_view host, const std::vector<client::TargetReachability>& targets,
                               client::WallTime now, const Canvas& canvas);

/// A line each.
std::string RenderRaces(const std::vector<client::Race>& races, const Canvas& canvas);

/// A waterfall each.
std::string RenderRaceWaterfalls(const std::vector<client::Race>& races, const Canvas& canvas);

}  // namespace flowbroker::cli
