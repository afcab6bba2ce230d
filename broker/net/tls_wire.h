#pragma once

#include <span>
#include <string>

struct bio_st;  // OpenSSL's BIO

namespace flowbroker::net {

/// Where a TLS session reads and writes its ciphertext: buffers of the caller, lent for one call.
struct TlsWire {
  std::span<const char> incoming = {};  ///< what is not read yet
  std::string* outgoing = nullptr;      ///< null: nothing can be written now
};

/// A BIO over `wire`, which must outlive it. With nothing incoming it asks to be retried, so that OpenSSL returns. Null
/// without memory.
bio_st* NewBio(TlsWire& wire);

}  // namespace flowbroker::net
