#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/base/time.h"

namespace flowbroker::runtime {

/// Tells the service manager how the process fares, by the protocol of sd_notify(3): datagrams to a Unix socket whose
/// name is in the environment. Without a service manager nothing is sent; one that does not listen is no failure.
class ServiceNotifier {
 public:
  /// Reads $NOTIFY_SOCKET and $WATCHDOG_USEC.
  static ServiceNotifier FromEnvironment();
  ServiceNotifier(std::string socket, std::optional<Duration> watchdog);

  void Ready() const;      ///< started, or done with reloading
  void Reloading() const;  ///< until Ready is said again
  void Stopping() const;
  void Alive() const;  ///< to be said at least once in watchdog()

  /// How long the service manager waits for Alive before it ends the process; absent: it does not.
  std::optional<Duration> watchdog() const { return watchdog_; }

 private:
  void Send(std::string_view message) const;

  std::string socket_;  // "/path", or "@name" for an abstract one; empty: nobody to tell
  std::optional<Duration> watchdog_;
};

}  // namespace flowbroker::runtime
