#pragma once

#include <optional>
#include <utility>

#include "broker/location/address_ordering.h"

namespace flowbroker::location {

/// The source addresses of one request: those of the host, or of the local side that the request is bound to (H9).
/// Borrows the host's selector.
class BoundSources final : public SourceAddressSelector {
 public:
  BoundSources(const SourceAddressSelector& host, LocalBinding local) : host_(host), local_(std::move(local)) {}

  std::optional<SourceAddress> SourceFor(const IpAddress& destination) const override {
    return local_.empty() ? host_.SourceFor(destination) : host_.BoundSourceFor(destination, local_);
  }
  std::optional<SourceAddress> BoundSourceFor(const IpAddress& destination, const LocalBinding& local) const override {
    return host_.BoundSourceFor(destination, local);
  }

 private:
  const SourceAddressSelector& host_;
  LocalBinding local_;
};

}  // namespace flowbroker::location
