#include "service/runtime/reloader.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <utility>

#include "service/config/config_change.h"

namespace flowbroker::runtime {
namespace {

using config::LogLevel;
using telemetry::CertificateSide;

template <typename Texts>
boost::json::array ToJson(const Texts& texts) {
  boost::json::array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace

void Reloader::Reload(const config::LoadedConfig& loaded) {
  const bool usable = loaded.problems.empty();
  parts_.telemetry.metrics().reloads.RecordConfig(usable, std::chrono::system_clock::now().time_since_epoch());
  if (!usable) {
    parts_.log.Write(LogLevel::kWarn, "reload_refused", {{"problems", ToJson(loaded.problems)}});
  } else {
    const config::ConfigChange change = config::TakeLiveSettings(loaded.config, running_);
    Apply();
    const LogLevel level = change.needs_restart.empty() ? LogLevel::kInfo : LogLevel::kWarn;
    parts_.log.Write(level, "reloaded",
                     {{"changed", ToJson(change.changed)}, {"needs_restart", ToJson(change.needs_restart)}});
  }
  parts_.grpc_files.Changed();
  parts_.sip_files.Changed();
  parts_.token_key_files.Changed();
  ReloadGrpcCertificates();
  ReloadSipCertificates();
  ReloadTokenKeys();
}

void Reloader::ReloadTokenKeys() {
  if (running_.broker.edge.token_keys_file.empty()) return;
  const auto reloaded = parts_.broker.ReloadTokenKeys();
  if (reloaded) return parts_.log.Write(LogLevel::kInfo, "token_keys_reloaded", {});
  parts_.log.Write(LogLevel::kWarn, "token_keys_refused", {{"reason", reloaded.error().detail}});
}

void Reloader::Apply() {
  parts_.log.SetLevel(running_.log_level);
  parts_.telemetry.SetSlow(running_.log_slower_than);
  parts_.broker.Apply(running_.broker.live);
  parts_.rpc.Apply(running_);
  if (parts_.admin == nullptr) return;
  if (const auto applied = parts_.admin->Apply(running_); !applied) {
    parts_.log.Write(LogLevel::kWarn, "admin_token_refused", {{"reason", applied.error().detail}});
  }
}

void Reloader::CheckKeyFiles() {
  if (parts_.grpc_files.Changed()) ReloadGrpcCertificates();
  if (parts_.sip_files.Changed()) ReloadSipCertificates();
  if (parts_.token_key_files.Changed()) ReloadTokenKeys();
}

void Reloader::ReloadGrpcCertificates() {
  if (running_.grpc_certificate_file.empty()) return;
  Record(CertificateSide::kGrpc, parts_.rpc.ReloadCertificates());
}

void Reloader::ReloadSipCertificates() {
  Record(CertificateSide::kSip, parts_.broker.ReloadTls());
}

void Reloader::Record(CertificateSide side, const Expected<void>& reloaded) {
  parts_.telemetry.metrics().reloads.CountCertificates(side, reloaded.has_value());
  boost::json::object fields;
  fields["side"] = side == CertificateSide::kGrpc ? "grpc" : "sip";
  if (reloaded) return parts_.log.Write(LogLevel::kInfo, "certificates_reloaded", std::move(fields));
  fields["reason"] = reloaded.error().detail;
  parts_.log.Write(LogLevel::kWarn, "certificates_refused", std::move(fields));
}

}  // namespace flowbroker::runtime
