#include "service/runtime/daemon.h"

#include <unistd.h>

#include <boost/json/object.hpp>
#include <utility>

namespace flowbroker::runtime {

Daemon::Daemon(const config::ServiceConfig& config)
    : config_(config),
      log_writer_(STDERR_FILENO),
      log_(log_writer_, config.log_level),
      telemetry_(log_, config.log_slower_than) {}

Expected<std::unique_ptr<Daemon>> Daemon::Start(const config::ServiceConfig& config) {
  std::unique_ptr<Daemon> daemon(new Daemon(config));
  if (auto started = daemon->StartParts(); !started) return Unexpected(started.error());
  return daemon;
}

Expected<void> Daemon::StartParts() {
  auto broker = engine::ConnectionBroker::Create(config_.broker, &telemetry_);
  if (!broker) return Unexpected(broker.error());
  broker_ = *std::move(broker);
  if (auto opened = OpenHistoryFile(); !opened) return opened;
  auto rpc = rpc::RpcServer::Start(config_, *broker_);
  if (!rpc) return Unexpected(rpc.error());
  rpc_ = *std::move(rpc);
  if (auto admin = StartAdmin(); !admin) return admin;
  rpc_->SetServing(true);
  serving_ = true;
  boost::json::object fields;
  fields["grpc"] = rpc_->addresses();
  fields["admin"] = admin_ ? admin_->address() : "off";
  log_.Write(config::LogLevel::kInfo, "started", std::move(fields));
  return {};
}

Expected<void> Daemon::OpenHistoryFile() {
  if (config_.history_file.empty()) return {};
  auto opened = HistoryFile::Open(
      config_.history_file, config_.history_save_interval,
      {.now = [this] { return broker_->Now(); },
       .save = [this] { return broker_->SaveMemory(); },
       .restore = [this](history::Snapshot snapshot) { broker_->RestoreMemory(std::move(snapshot)); }},
      log_, telemetry_.metrics());
  if (!opened) return Unexpected(opened.error());
  history_file_ = *std::move(opened);
  return {};
}

Expected<void> Daemon::StartAdmin() {
  if (config_.admin == "off") return {};
  auto admin = admin::AdminServer::Start(config_, {.metrics = [this] { return MetricsText(); },
                                                   .ready = [this] { return serving_.load(); },
                                                   .drain = [this] { BeginDrain(); },
                                                   .rpc = rpc_->InProcessChannel()});
  if (!admin) return Unexpected(admin.error());
  admin_ = *std::move(admin);
  return {};
}

std::string Daemon::MetricsText() {
  telemetry_.metrics().history().ShowOccupancy(broker_->history().Occupancy());
  return telemetry_.metrics().Text();
}

std::string Daemon::ReadyLine() const {
  return "flowbrokerd ready: grpc=" + rpc_->addresses() + " admin=" + (admin_ ? admin_->address() : "off");
}

void Daemon::BeginDrain() {
  serving_ = false;
  rpc_->SetServing(false);
}

void Daemon::Stop() {
  if (broker_ == nullptr) return;
  const bool was_serving = serving_.exchange(false);
  if (was_serving) log_.Write(config::LogLevel::kInfo, "stopping");
  if (rpc_ != nullptr) {
    rpc_->SetServing(false);
    if (admin_ != nullptr) admin_->RefuseCalls();
    rpc_->Drain(config_.drain_timeout);
  }
  broker_->Stop();
  history_file_.reset();  // writes what is known at the end
  admin_.reset();         // its channel ends inside rpc_
  rpc_.reset();
  broker_.reset();
  if (was_serving) log_.Write(config::LogLevel::kInfo, "stopped");
}

Daemon::~Daemon() {
  Stop();
}

}  // namespace flowbroker::runtime
