#include "service/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <chrono>
#include <mutex>
#include <utility>

namespace flowbroker::rpc {
namespace {

/// gRPC's callback has no place for an object.
struct Destination {
  std::mutex mutex;
  GrpcLog::Sink sink;
  std::chrono::steady_clock::time_point second{};
  int lines = 0;
};

Destination& TheDestination() {
  static Destination& destination = *new Destination;  // gRPC's threads may outlive static objects
  return destination;
}

void Take(gpr_log_func_args* args) {
  Destination& destination = TheDestination();
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(destination.mutex);
  if (!destination.sink) return;
  if (now - destination.second >= std::chrono::seconds(1)) {
    destination.second = now;
    destination.lines = 0;
  }
  if (++destination.lines <= GrpcLog::kLinesPerSecond) destination.sink(args->message);
}

void SetSink(GrpcLog::Sink sink) {
  const std::lock_guard lock(TheDestination().mutex);
  TheDestination().sink = std::move(sink);
}

}  // namespace

GrpcLog::GrpcLog(Sink sink) {
  SetSink(std::move(sink));
  gpr_set_log_function(&Take);
}

GrpcLog::~GrpcLog() {
  gpr_set_log_function(nullptr);
  SetSink(nullptr);
}

}  // namespace flowbroker::rpc
