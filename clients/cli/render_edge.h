#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/waterfall.h"
#include "clients/cpp/edge.h"

// What flowctl prints of tokens and bindings for people. Pure; ends with a line end.
namespace flowbroker::cli {

/// A table of where `aor` is reached: a numbered row per target, below it those to try next.
std::string RenderBindings(std::string_view aor, const std::vector<client::BindingTarget>& targets,
                           const Canvas& canvas);

std::string RenderBindingEvent(const client::BindingEvent& event, const Canvas& canvas);

std::string RenderToken(const client::VerifiedToken& token, const Canvas& canvas);

}  // namespace flowbroker::cli
