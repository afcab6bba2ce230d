#include "service/runtime/flow_set_file.h"

#include <boost/json/object.hpp>
#include <string_view>
#include <utility>

#include "broker/outbound/flow_set_state.h"

namespace flowbroker::runtime {
namespace {

using config::LogLevel;

Unexpected Refused(const std::string& why) {
  return Unexpected({FailureReason::kInvalidArgument, "flow-set-state-file: " + why});
}

}  // namespace

FlowSetFile::FlowSetFile(const std::string& path, Sets sets, telemetry::JsonLog& log, telemetry::BrokerMetrics& metrics)
    : file_(path), sets_(std::move(sets)), log_(log), metrics_(metrics) {}

Expected<std::unique_ptr<FlowSetFile>> FlowSetFile::Open(const std::string& path, Sets sets, telemetry::JsonLog& log,
                                                         telemetry::BrokerMetrics& metrics) {
  std::unique_ptr<FlowSetFile> opened(new FlowSetFile(path, std::move(sets), log, metrics));
  if (const auto writable = opened->file_.CheckWritable(); !writable) return Refused(writable.error().detail);
  if (const auto read = opened->ReadBack(); !read) return Unexpected(read.error());
  opened->thread_ = std::thread([file = opened.get()] { file->Run(); });
  return opened;
}

Expected<void> FlowSetFile::ReadBack() {
  const auto octets = file_.Read();
  if (!octets) return Refused(octets.error().detail);
  std::size_t count = 0;
  if (*octets) {
    const std::string_view text(reinterpret_cast<const char*>((*octets)->data()), (*octets)->size());
    auto specs = outbound::DecodeFlowSets(text);
    if (!specs) return Refused(file_.path() + ": " + specs.error().detail + "; mend it, or move it away");
    count = specs->size();
    if (const auto restored = sets_.restore(*std::move(specs)); !restored)
      return Refused(file_.path() + ": " + restored.error().detail);
  }
  written_ = sets_.specs().revision;
  log_.Write(LogLevel::kInfo, "flow_sets_restored", {{"file", file_.path()}, {"sets", count}});
  return {};
}

void FlowSetFile::Keep(engine::FlowSetsKept done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
  }
  wake_.notify_one();
}

void FlowSetFile::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const auto waiting = std::exchange(waiting_, {});
    lock.unlock();
    const auto kept = WriteNow();
    for (const engine::FlowSetsKept& done : waiting) done(kept);
    lock.lock();
  }
}

Expected<void> FlowSetFile::WriteNow() {
  const engine::FlowSetSpecs sets = sets_.specs();
  if (sets.revision == written_) return {};
  const std::string text = outbound::EncodeFlowSets(sets.specs);
  const auto replaced = file_.Replace({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  metrics_.flow_sets.CountWrite(replaced.has_value());
  if (replaced) {
    written_ = sets.revision;
    return {};
  }
  log_.Write(LogLevel::kWarn, "flow_sets_not_written", {{"reason", replaced.error().detail}});
  return Unexpected({FailureReason::kInternal, "flow-set-state-file: " + replaced.error().detail});
}

void FlowSetFile::Close() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
  WriteNow();  // where an earlier write has failed
}

FlowSetFile::~FlowSetFile() {
  Close();
}

}  // namespace flowbroker::runtime
