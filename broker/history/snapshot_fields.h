#pragma once

#include <concepts>
#include <type_traits>

#include "broker/history/network_registry.h"
#include "broker/history/path.h"

namespace flowbroker::history {

/// A Record that is read into, or a const one that is written.
template <typename T, typename Record>
concept Either = std::same_as<std::remove_const_t<T>, Record>;

// The fields of every record in the order of the file, once for SnapshotWriter and SnapshotReader. Any change here is a
// new version of the format (snapshot.cc).

void Fields(auto& code, Either<Endpoint> auto& endpoint) {
  code(endpoint.address);
  code(endpoint.port);
}

void Fields(auto& code, Either<Path> auto& path) {
  code(path.network.value);
  Fields(code, path.target.endpoint);
  code(path.target.transport);
}

void Fields(auto& code, Either<InterfaceAddress> auto& address) {
  code(address.address);
  code(address.prefix_bits);
}

}  // namespace flowbroker::history
