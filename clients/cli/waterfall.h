#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "clients/cpp/types.h"

namespace flowbroker::cli {

/// How wide and how colourful text may be.
struct Canvas {
  std::size_t columns = 100;  ///< at least 60 is used
  bool colour = false;
};

/// When the last step of `trace` ended; steps that are not over count from their start.
client::Duration TotalTime(const client::Trace& trace);

/// The story as lines: per step what it was about, a bar on a common time axis, how long it took and how it ended.
/// Decisions, which take no time, show their reason in place of the bar; where nothing took time there is no axis.
/// `elapsed` is the end of the axis where steps are not over. Texts are made safe for a terminal. Empty for a trace
/// without steps.
std::string RenderWaterfall(const client::Trace& trace, const Canvas& canvas,
                            std::optional<client::Duration> elapsed = std::nullopt);

}  // namespace flowbroker::cli
