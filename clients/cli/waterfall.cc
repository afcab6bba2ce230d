#include "clients/cli/waterfall.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

using client::Duration;
using client::Trace;
using client::TraceOutcome;
using client::TraceStep;
using client::TraceWhat;

constexpr std::size_t kIndent = 2;
constexpr std::size_t kTimeColumns = 9;
constexpr std::string_view kMark = "◆";  // instead of a bar, for what took no time

// How an outcome looks.
struct Look {
  std::string_view fill;  // of the bar
  std::string_view note;  // what the outcome is called
  Colour colour;
};

Look LookOf(TraceOutcome outcome) {
  switch (outcome) {
    case TraceOutcome::kUnknown:
      return {"█", "", Colour::kNone};
    case TraceOutcome::kPending:
      return {"░", "not over", Colour::kYellow};
    case TraceOutcome::kSucceeded:
      return {"█", "", Colour::kCyan};
    case TraceOutcome::kWon:
      return {"█", "won", Colour::kGreen};
    case TraceOutcome::kLost:
      return {"░", "lost", Colour::kDim};
    case TraceOutcome::kFailed:
      return {"▒", "failed", Colour::kRed};
    case TraceOutcome::kCacheHit:
      return {kMark, "cached", Colour::kCyan};
    case TraceOutcome::kStale:
      return {kMark, "stale", Colour::kYellow};
  }
  __builtin_unreachable();
}

std::string_view NameOf(TraceWhat what) {
  switch (what) {
    case TraceWhat::kUnknown:
      return "step";
    case TraceWhat::kPool:
      return "pool";
    case TraceWhat::kDnsQuery:
      return "DNS";
    case TraceWhat::kSelection:
      return "selection";
    case TraceWhat::kOrdering:
      return "order";
    case TraceWhat::kAttempt:
      return "attempt";
    case TraceWhat::kProbe:
      return "probe";
    case TraceWhat::kWait:
      return "wait";
  }
  __builtin_unreachable();
}

// Whether a step has no duration worth a bar: its reason is the story.
bool IsDecision(const TraceStep& step) {
  const bool decides =
      step.what == TraceWhat::kPool || step.what == TraceWhat::kSelection || step.what == TraceWhat::kOrdering;
  return decides && step.end.value_or(step.start) - step.start < std::chrono::milliseconds(1);
}

std::string Label(const TraceStep& step) {
  return step.subject.empty() ? std::string(NameOf(step.what)) : Clean(step.subject);
}

std::string Join(std::string_view a, std::string_view separator, std::string_view b) {
  return std::string(a) + std::string(a.empty() || b.empty() ? "" : separator) + std::string(b);
}

// "won", "refused: nothing listens there", "cached, 2 records".
std::string Note(const TraceStep& step) {
  const std::string reason = Clean(step.reason);
  if (step.outcome == TraceOutcome::kFailed && !step.failure.empty()) return Join(Clean(step.failure), ": ", reason);
  // An attempt that lost although it had a head start says something about its path.
  const bool overtaken = step.outcome == TraceOutcome::kLost && step.failure == "overtaken";
  const std::string_view note = overtaken ? "overtaken" : LookOf(step.outcome).note;
  return Join(note, step.outcome == TraceOutcome::kCacheHit ? ", " : ": ", reason);
}

// Where things stand on a line.
struct Places {
  std::size_t label;
  std::size_t bar;
  std::size_t note;
};

Places PlaceColumns(const Trace& trace, std::size_t columns) {
  std::size_t label = 12;
  std::size_t note = 8;
  for (const TraceStep& step : trace.steps) {
    label = std::max(label, Columns(Label(step)));
    if (!IsDecision(step)) note = std::max(note, Columns(Note(step)));
  }
  label = std::min(label, columns * 36 / 100);
  const std::size_t room = columns - kIndent - label - 1 - kTimeColumns - 2;
  note = std::min(note, room * 55 / 100);
  return {.label = label, .bar = room - note, .note = note};
}

// The time axis: eighths of a column, so that short steps stay apart.
class Axis {
 public:
  Axis(Duration total, std::size_t columns) : total_(std::max<Duration>(total, Duration(1))), columns_(columns) {}

  std::size_t Eighths(Duration at) const {
    const double share = static_cast<double>(at.count()) / static_cast<double>(total_.count());
    return static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns_ * 8)));
  }

  std::size_t columns() const { return columns_; }

  // "0", then a label at every round number, then the total.
  std::string Labels() const {
    const std::string last = FormatDuration(total_);
    std::string line = "0";
    for (int n = 1;; ++n) {
      const Duration at = Step() * n;
      const std::string label = FormatTick(at);
      const std::size_t column = Eighths(at) / 8;
      if (at >= total_ || column + Columns(label) + 2 + last.size() > columns_) break;
      if (column > line.size()) line += std::string(column - line.size(), ' ') + label;
    }
    const std::size_t gap = columns_ > line.size() + last.size() ? columns_ - line.size() - last.size() : 1;
    return line + std::string(gap, ' ') + last;
  }

 private:
  // The round duration (1, 2 or 5 times a power of ten) that gives ticks at least ten columns apart.
  Duration Step() const {
    const double wanted = static_cast<double>(total_.count()) * 10 / static_cast<double>(columns_);
    const double power = std::pow(10.0, std::floor(std::log10(std::max(wanted, 1.0))));
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor * power >= wanted) return Duration(std::llround(factor * power));
    }
    return Duration(std::llround(10 * power));
  }

  // Without the unit, which the total at the end of the axis carries.
  std::string FormatTick(Duration at) const {
    const double unit = total_ < std::chrono::microseconds(99)     ? 1e3
                        : total_ < std::chrono::milliseconds(1000) ? 1e6
                                                                   : 1e9;
    std::array<char, 32> out{};
    std::snprintf(out.data(), out.size(), "%g", static_cast<double>(at.count()) / unit);
    return out.data();
  }

  Duration total_;
  std::size_t columns_;
};

constexpr std::array<std::string_view, 9> kLeftBlocks{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

// One column of a solid bar that covers the eighths from `begin` to `end` of it.
std::string_view SolidCell(std::size_t begin, std::size_t end) {
  if (begin == 0) return kLeftBlocks[end];
  if (end == 8) return begin >= 7 ? "▕" : begin >= 3 ? "▐" : "█";
  return begin < 4 ? kLeftBlocks[std::max<std::size_t>(end - begin, 1)] : "▐";
}

std::string Bar(const TraceStep& step, const Axis& axis, Duration total) {
  const std::string_view fill = LookOf(step.outcome).fill;
  std::size_t begin = std::min(axis.Eighths(step.start), axis.columns() * 8 - 1);
  std::size_t end = std::max(axis.Eighths(step.end.value_or(total)), begin + 1);
  const bool solid = fill == "█";
  std::string bar;
  for (std::size_t column = 0; column < axis.columns(); ++column) {
    const std::size_t left = column * 8;
    if (left + 8 <= begin || left >= end) {
      bar += ' ';
    } else if (solid) {
      bar += SolidCell(begin > left ? begin - left : 0, std::min<std::size_t>(end - left, 8));
    } else if (fill == kMark && left > begin) {
      bar += ' ';  // a mark, not a bar
    } else {
      bar += fill;
    }
  }
  return bar;
}

// Lines under a step that hold what did not fit beside it.
std::string Continuation(std::string_view text, std::size_t indent, const Canvas& canvas, Colour colour) {
  std::string out;
  for (const std::string& line : Wrap(text, canvas.columns - indent)) {
    out += std::string(indent, ' ') + Paint(line, colour, canvas.colour) + "\n";
  }
  return out;
}

// The items of "1. this; 2. that" as a line each; other texts as one.
std::vector<std::string> Items(const std::string& text) {
  std::vector<std::string> items;
  std::size_t begin = 0;
  for (int number = 2; text.starts_with("1. "); ++number) {
    const std::size_t end = text.find("; " + std::to_string(number) + ". ", begin);
    if (end == std::string::npos) break;
    items.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  items.push_back(text.substr(begin));
  return items;
}

std::string DecisionLine(const TraceStep& step, const Places& at, const Canvas& canvas) {
  const Look look = LookOf(step.outcome);
  const bool plain = step.outcome == TraceOutcome::kSucceeded || step.outcome == TraceOutcome::kUnknown;
  const Colour colour = plain ? Colour::kDim : look.colour;
  const std::string label = std::string(kIndent, ' ') + Fit(Label(step), at.label) + " ";
  std::string story;
  for (const std::string& item : Items(plain ? Clean(step.reason) : Note(step))) {
    story += Continuation(item, Columns(label), canvas, colour);
  }
  return Paint(label, Colour::kDim, canvas.colour) + story.substr(std::min(story.size(), Columns(label)));
}

std::string StepLine(const TraceStep& step, const Places& at, const Canvas& canvas, const Axis& axis, Duration total) {
  const Look look = LookOf(step.outcome);
  const bool instant = look.fill == kMark;
  const std::string time = instant ? "" : FormatDuration(step.end.value_or(total) - step.start);
  const std::string note = Note(step);
  const bool fits = Columns(note) <= at.note;
  std::string line(kIndent, ' ');
  line += Fit(Label(step), at.label) + " " + Paint(Bar(step, axis, total), look.colour, canvas.colour);
  line += std::string(kTimeColumns - std::min(kTimeColumns, Columns(time)), ' ') + time;
  if (fits && !note.empty()) line += "  " + Paint(note, look.colour, canvas.colour);
  line += "\n";
  if (!fits) line += Continuation(note, kIndent + at.label + 1, canvas, look.colour);
  return line;
}

}  // namespace

Duration TotalTime(const Trace& trace) {
  Duration total{};
  for (const TraceStep& step : trace.steps) total = std::max(total, step.end.value_or(step.start));
  return total;
}

std::string RenderWaterfall(const Trace& trace, const Canvas& given, std::optional<Duration> elapsed) {
  if (trace.steps.empty()) return {};
  const Canvas canvas{.columns = std::max<std::size_t>(given.columns, 60), .colour = given.colour};
  const bool pending = std::any_of(trace.steps.begin(), trace.steps.end(), [](const auto& step) { return !step.end; });
  const Duration total = std::max(TotalTime(trace), pending ? elapsed.value_or(Duration{}) : Duration{});
  const Places at = PlaceColumns(trace, canvas.columns);
  const Axis axis(total, at.bar);

  const std::string margin(kIndent + at.label + 1, ' ');
  std::string out;
  if (total > Duration{}) out += margin + Paint(axis.Labels(), Colour::kDim, canvas.colour) + "\n";
  for (const TraceStep& step : trace.steps) {
    out += IsDecision(step) ? DecisionLine(step, at, canvas) : StepLine(step, at, canvas, axis, total);
  }
  return out;
}

}  // namespace flowbroker::cli
