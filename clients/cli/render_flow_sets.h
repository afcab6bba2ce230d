#pragma once

#include <string>
#include <vector>

#include "clients/cli/waterfall.h"
#include "clients/cpp/flow_sets.h"

// What flowctl prints of flow sets for people. Pure; ends with a line end.
namespace flowbroker::cli {

/// A headline with the instance-id and a row per URI.
std::string RenderFlowSet(const client::FlowSet& set, const Canvas& canvas);

/// A row per set.
std::string RenderFlowSets(const std::vector<client::FlowSet>& sets, const Canvas& canvas);

/// A line; of a snapshot the whole set.
std::string RenderFlowSetEvent(const client::FlowSetEvent& event, const Canvas& canvas);

}  // namespace flowbroker::cli
