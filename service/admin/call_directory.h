#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace google::protobuf {
class MethodDescriptor;
}

namespace flowbroker::admin {

/// One call of the contract as HTTP knows it.
struct RpcCall {
  std::string grpc_method;  ///< "/flowbroker.v1.BrokerService/Acquire"
  bool streams = false;     ///< one of its directions is a stream: over gRPC only
  const google::protobuf::MethodDescriptor* descriptor = nullptr;  ///< of the generated pool, for ever
};

/// All calls of package flowbroker.v1 by "BrokerService/Acquire", from the descriptors of the generated code: a call
/// added to the contract is here without a line of code. Immutable; any thread.
class CallDirectory {
 public:
  using Calls = std::map<std::string, RpcCall, std::less<>>;

  CallDirectory();

  /// Null where there is no such call.
  const RpcCall* Find(std::string_view name) const;

  const Calls& calls() const { return calls_; }

 private:
  Calls calls_;
};

}  // namespace flowbroker::admin
