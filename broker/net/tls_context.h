#pragma once

#include <memory>
#include <string>

#include "broker/base/expected.h"

namespace flowbroker::net {

struct TlsContextOptions {
  std::string ca_file = {};
  std::string certificate_file = {};
  std::string private_key_file = {};
};

class TlsContext {
 public:
  static Expected<std::unique_ptr<TlsContext>> Create(const TlsContextOptions&) { return std::make_unique<TlsContext>(); }
};

}  // namespace flowbroker::net
