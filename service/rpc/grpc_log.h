#pragma once

#include <functional>
#include <string_view>

namespace flowbroker::rpc {

/// Where what gRPC itself has to say goes, while this object lives: a failed handshake, above all. gRPC would write it
/// to stderr, among the lines of our log and with the thread that found it, which a reader that has stopped would
/// block. There is one at a time, since gRPC has one such place per process.
class GrpcLog {
 public:
  /// Called by gRPC's threads, one at a time; must be quick.
  using Sink = std::function<void(std::string_view line)>;

  /// More lines a second than these are left out: whoever reaches the port can cause them.
  static constexpr int kLinesPerSecond = 10;

  explicit GrpcLog(Sink sink);
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
};

}  // namespace flowbroker::rpc
