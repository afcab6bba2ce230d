#include "service/runtime/daemon.h"

#include <unistd.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <string_view>
#include <utility>

#include "service/runtime/build_info.h"
#include "service/runtime/process_setup.h"

namespace flowbroker::runtime {
namespace {

using config::LogLevel;

/// The threads' own descriptors, listeners, DNS sockets and a few callers; with fewer nothing useful could be done.
constexpr std::size_t kFewestDescriptors = 256;

}  // namespace

Daemon::Daemon(const config::ServiceConfig& config)
    : config_(config),
      grpc_files_({config.grpc_certificate_file, config.grpc_private_key_file, config.grpc_client_ca_file}),
      sip_files_({config.broker.tls.ca_file, config.broker.tls.certificate_file, config.broker.tls.private_key_file}),
      token_key_files_({config.broker.edge.token_keys_file}),
      log_writer_(STDERR_FILENO),
      log_(log_writer_, config.log_level),
      grpc_log_([this](std::string_view line) { log_.Write(LogLevel::kWarn, "grpc", {{"detail", line}}); }),
      telemetry_(log_, config.log_slower_than,
                 {.shown = config.metrics_prefixes,
                  .ipv4_bits = config.broker.history.ipv4_prefix_bits,
                  .ipv6_bits = config.broker.history.ipv6_prefix_bits}) {
  telemetry_.metrics().process.SetBuild(ThisBuild());
}

Expected<std::unique_ptr<Daemon>> Daemon::Start(const config::ServiceConfig& config) {
  std::unique_ptr<Daemon> daemon(new Daemon(config));
  if (auto started = daemon->StartParts(); !started) return Unexpected(started.error());
  return daemon;
}

Expected<void> Daemon::StartParts() {
  if (auto enough = CheckDescriptors(); !enough) return enough;
  auto broker = engine::ConnectionBroker::Create(config_.broker, &telemetry_);
  if (!broker) return Unexpected(broker.error());
  broker_ = *std::move(broker);
  if (auto opened = OpenHistoryFile(); !opened) return opened;
  if (auto opened = OpenFlowSetFile(); !opened) return opened;
  auto rpc = rpc::RpcServer::Start(config_, *broker_, &telemetry_);
  if (!rpc) return Unexpected(rpc.error());
  rpc_ = *std::move(rpc);
  telemetry_.metrics().process.WatchCertificate("grpc", [this] { return rpc_->CertificateExpiry(); });
  telemetry_.metrics().process.WatchCertificate("sip", [this] { return broker_->TlsCertificateExpiry(); });
  if (auto admin = StartAdmin(); !admin) return admin;
  reloader_ = std::make_unique<Reloader>(config_, Reloader::Parts{log_, telemetry_, *broker_, *rpc_, admin_.get(),
                                                                  grpc_files_, sip_files_, token_key_files_});
  telemetry_.metrics().reloads.RecordStart(std::chrono::system_clock::now().time_since_epoch());
  BeginServing();
  boost::json::object fields;
  fields["grpc"] = rpc_->addresses();
  fields["admin"] = admin_ ? admin_->address() : "off";
  log_.Write(LogLevel::kInfo, "started", std::move(fields));
  for (const std::string& warning : rpc_->warnings()) log_.Write(LogLevel::kWarn, "exposed", {{"detail", warning}});
  return {};
}

void Daemon::BeginServing() {
  const std::lock_guard lock(mutex_);
  if (draining_) return;  // asked for over the admin port, which answers already
  rpc_->SetServing(true);
  serving_ = true;
}

Expected<void> Daemon::CheckDescriptors() {
  const std::size_t limit = RaiseDescriptorLimit();
  if (limit < kFewestDescriptors) {
    return Unexpected({FailureReason::kLimitReached,
                       "only " + std::to_string(limit) + " file descriptors are allowed; at least " +
                           std::to_string(kFewestDescriptors) + " are needed: raise LimitNOFILE= or ulimit -n"});
  }
  const std::size_t max_flows = config_.broker.flows.max_flows;
  const engine::EdgeOptions& edge = config_.broker.edge;
  const std::size_t of_user_agents = edge.listeners.empty() ? 0 : edge.sources.max_connections;
  if (limit < max_flows + of_user_agents + kFewestDescriptors) {
    log_.Write(LogLevel::kWarn, "few_descriptors",
               {{"limit", limit},
                {"max_flows", max_flows},
                {"edge_max_connections", of_user_agents},
                {"advice",
                 "raise LimitNOFILE= or ulimit -n, or lower max-flows or edge-max-connections; UDP flows "
                 "share descriptors"}});
  }
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

Expected<void> Daemon::OpenFlowSetFile() {
  if (config_.flow_set_state_file.empty()) return {};
  engine::OutboundAccess& outbound = broker_->outbound();
  auto opened = FlowSetFile::Open(
      config_.flow_set_state_file,
      {.specs = [&outbound] { return outbound.Specs(); },
       .restore = [&outbound](std::vector<outbound::FlowSetSpec> specs) { return outbound.Restore(std::move(specs)); }},
      log_, telemetry_.metrics());
  if (!opened) return Unexpected(opened.error());
  flow_set_file_ = *std::move(opened);
  outbound.KeepIn([this](engine::FlowSetsKept done) { flow_set_file_->Keep(std::move(done)); });
  return {};
}

Expected<void> Daemon::StartAdmin() {
  if (config_.admin == "off") return {};
  telemetry::AdminMetrics& metrics = telemetry_.metrics().admin;
  auto admin = admin::AdminServer::Start(
      config_, {.metrics = [this] { return MetricsText(); },
                .ready = [this] { return serving_.load(); },
                .alive = [this] { return IsAlive(); },
                .drain = [this] { BeginDrain(); },
                .rpc = rpc_->InProcessChannel(),
                .on_answer = [&metrics](std::string_view route, unsigned code) { metrics.CountAnswer(route, code); },
                .on_limit = [&metrics](admin::AdminLimit limit) { metrics.CountLimit(admin::NameOf(limit)); }});
  if (!admin) return Unexpected(admin.error());
  admin_ = *std::move(admin);
  return {};
}

std::string Daemon::MetricsText() {
  return telemetry_.metrics().Text(&broker_->history());
}

std::string Daemon::ReadyLine() const {
  std::string line = "flowbrokerd ready: grpc=" + rpc_->addresses() + " admin=" + (admin_ ? admin_->address() : "off");
  std::string edge;
  for (const flow::EdgeListener& listener : broker_->edge_listening())
    edge += (edge.empty() ? " edge=" : ",") + listener.ToString();
  return line + edge;
}

std::optional<Duration> Daemon::CertificateCheckInterval() const {
  if (config_.certificate_check_interval == Duration::zero()) return std::nullopt;
  return config_.certificate_check_interval;
}

void Daemon::Reload(const config::LoadedConfig& loaded) {
  const std::lock_guard lock(mutex_);
  reloader_->Reload(loaded);
}

void Daemon::BeginDrain() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(draining_, true)) return;
  telemetry_.metrics().process.SetDraining(true);
  if (serving_.exchange(false)) log_.Write(LogLevel::kInfo, "draining");
  if (rpc_ == nullptr) return;  // the start has failed before
  rpc_->BeginDrain(config_.drain_timeout);
  broker_->CloseEdge();
}

void Daemon::Stop() {
  if (broker_ == nullptr) return;
  BeginDrain();
  const bool was_started = reloader_ != nullptr;
  if (was_started) log_.Write(LogLevel::kInfo, "stopping");
  if (admin_ != nullptr) admin_->RefuseCalls();
  if (rpc_ != nullptr) rpc_->Drain(config_.drain_timeout);
  broker_->Stop();
  history_file_.reset();   // writes what is known at the end
  flow_set_file_.reset();  // answers those who still wait
  reloader_.reset();
  admin_.reset();  // its channel ends inside rpc_
  rpc_.reset();
  broker_.reset();
  if (was_started) log_.Write(LogLevel::kInfo, "stopped");
}

Daemon::~Daemon() {
  Stop();
}

}  // namespace flowbroker::runtime
