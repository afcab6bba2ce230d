#include "service/runtime/history_file.h"

#include <boost/json/object.hpp>
#include <chrono>
#include <utility>

namespace flowbroker::runtime {
namespace {

using config::LogLevel;
using std::chrono::steady_clock;

history::WallTime WallNow() {
  return {std::chrono::system_clock::now().time_since_epoch()};
}

}  // namespace

HistoryFile::HistoryFile(const std::string& path, Duration interval, Memory memory, telemetry::JsonLog& log,
                         telemetry::BrokerMetrics& metrics)
    : file_(path), interval_(interval), memory_(std::move(memory)), log_(log), metrics_(metrics) {}

Expected<std::unique_ptr<HistoryFile>> HistoryFile::Open(const std::string& path, Duration interval, Memory memory,
                                                         telemetry::JsonLog& log, telemetry::BrokerMetrics& metrics) {
  std::unique_ptr<HistoryFile> opened(new HistoryFile(path, interval, std::move(memory), log, metrics));
  if (auto writable = opened->file_.CheckWritable(); !writable) {
    return Unexpected({writable.error().reason, "history-file: " + writable.error().detail});
  }
  opened->ReadBack();
  opened->thread_ = std::thread([file = opened.get()] { file->Run(); });
  return opened;
}

void HistoryFile::ReadBack() {
  const auto octets = file_.Read();
  if (!octets) return Refuse(octets.error().detail);
  if (!*octets) return log_.Write(LogLevel::kInfo, "history_empty", {{"file", file_.path()}});
  auto snapshot = history::Decode(**octets, memory_.now(), WallNow());
  if (!snapshot) return Refuse(snapshot.error().detail);
  boost::json::object fields;
  fields["file"] = file_.path();
  fields["age_s"] = std::chrono::duration_cast<std::chrono::seconds>(memory_.now() - snapshot->taken).count();
  fields["networks"] = snapshot->networks.size();
  memory_.restore(*std::move(snapshot));
  log_.Write(LogLevel::kInfo, "history_restored", std::move(fields));
}

void HistoryFile::Refuse(const std::string& why) {
  boost::json::object fields;
  fields["file"] = file_.path();
  fields["reason"] = why;
  if (auto kept = file_.SetAside(); kept) {
    fields["kept_as"] = file_.path() + ".bad";
  } else {
    fields["not_kept"] = kept.error().detail;
  }
  log_.Write(LogLevel::kWarn, "history_refused", std::move(fields));
}

void HistoryFile::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return closing_; })) {
    lock.unlock();
    WriteNow();
    lock.lock();
  }
}

void HistoryFile::WriteNow() {
  const auto begin = steady_clock::now();
  const history::WallTime written = WallNow();
  const std::vector<std::uint8_t> octets = history::Encode(memory_.save(), written);
  const auto replaced = file_.Replace(octets);
  if (replaced)
    return metrics_.history_file.CountWrite(octets.size(), steady_clock::now() - begin, written.since_epoch);
  metrics_.history_file.CountFailedWrite();
  log_.Write(LogLevel::kWarn, "history_not_written", {{"reason", replaced.error().detail}});
}

void HistoryFile::Close() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
  WriteNow();
}

HistoryFile::~HistoryFile() {
  Close();
}

}  // namespace flowbroker::runtime
