#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/base/expected.h"

namespace flowbroker::admin {

/// What the admin pages show. Called on the admin thread; must be quick.
struct AdminPages {
  std::function<std::string()> metrics;  ///< text format of Prometheus
  std::function<bool()> ready;           ///< whether new calls are taken
};

/// A small HTTP listener for operators and probes, on a thread of its own: `/` (index), `/healthz` (the process lives),
/// `/readyz` (it takes calls), `/metrics`. Only GET and HEAD, requests up to 8 KB, 10 s per request, 64 connections.
/// There is no authentication: keep it on loopback or behind something that has.
class AdminServer {
 public:
  /// Listens on "127.0.0.1:7461"; port 0 lets the kernel choose. Fails where that cannot be had.
  static Expected<std::unique_ptr<AdminServer>> Start(const std::string& address, AdminPages pages);
  /// Closes every connection and ends the thread.
  ~AdminServer();

  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Where it listens, with the port in use.
  const std::string& address() const;

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowbroker::admin
