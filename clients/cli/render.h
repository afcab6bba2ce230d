#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/waterfall.h"
#include "clients/cpp/result.h"
#include "clients/cpp/types.h"

// What flowctl prints for people. Pure; ends with a line end.
namespace flowbroker::cli {

/// Headline, waterfall, and the flow in one line.
std::string RenderAcquired(std::string_view uri, const client::AcquiredFlow& flow, const Canvas& canvas);

/// The targets as a table, and how they were found.
std::string RenderResolution(std::string_view uri, const client::Resolution& resolution, const Canvas& canvas);

/// What went wrong with `subject`, and the story so far.
std::string RenderError(std::string_view subject, const client::Error& error, client::Duration elapsed,
                        const Canvas& canvas);

std::string RenderFlows(const std::vector<client::Flow>& flows, const Canvas& canvas);

std::string RenderEvent(const client::FlowEvent& event, const Canvas& canvas);

}  // namespace flowbroker::cli
