#include "broker/net/tls_wire.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>

namespace flowbroker::net {
namespace {

TlsWire& WireOf(BIO* bio) {
  return *static_cast<TlsWire*>(BIO_get_data(bio));
}

int Read(BIO* bio, char* data, int size) {
  TlsWire& wire = WireOf(bio);
  BIO_clear_retry_flags(bio);
  if (wire.incoming.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(wire.incoming.size(), static_cast<std::size_t>(size));
  std::memcpy(data, wire.incoming.data(), count);
  wire.incoming = wire.incoming.subspan(count);
  return static_cast<int>(count);
}

int Write(BIO* bio, const char* data, int size) {
  TlsWire& wire = WireOf(bio);
  BIO_clear_retry_flags(bio);
  if (wire.outgoing == nullptr) return -1;
  wire.outgoing->append(data, static_cast<std::size_t>(size));
  return size;
}

long Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;  // everything is flushed always; OpenSSL asks after each flight
}

const BIO_METHOD* Method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "flowbroker wire");
    BIO_meth_set_read(made, &Read);
    BIO_meth_set_write(made, &Write);
    BIO_meth_set_ctrl(made, &Control);
    return made;
  }();
  return method;
}

}  // namespace

bio_st* NewBio(TlsWire& wire) {
  BIO* bio = BIO_new(Method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace flowbroker::net
