#include "service/rpc/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include "broker/net/unix_socket_path.h"

namespace flowbroker::rpc {
namespace {

/// A socket that is closed at the end of the scope.
class ScopedSocket {
 public:
  ScopedSocket(int family, int type) : descriptor_(socket(family, type | SOCK_CLOEXEC, 0)) {}
  ~ScopedSocket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  ScopedSocket(const ScopedSocket&) = delete;
  ScopedSocket& operator=(const ScopedSocket&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Unexpected CannotListen(const std::string& address, const std::string& why) {
  return Unexpected({FailureReason::kInvalidArgument, "cannot listen on " + address + ": " + why});
}

/// What happened, and what to do about it where that is not plain.
std::string ErrorText(int error) {
  const std::string what = std::generic_category().message(error);
  if (error == EADDRINUSE) return what + "; stop what listens there, or choose another address";
  if (error == EADDRNOTAVAIL) return what + "; choose one that this host has";
  if (error == EACCES) return what + "; choose a place that this user may use, or start it as one who may";
  return what;
}

Expected<void> PrepareUnix(const std::string& address, const std::string& path) {
  if (const auto prepared = net::PrepareUnixSocketPath(path); !prepared) {
    return CannotListen(address, prepared.error().detail);
  }
  return {};
}

std::string TextOf(const addrinfo& found) {
  std::array<char, NI_MAXHOST> text{};
  const int error = getnameinfo(found.ai_addr, found.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? text.data() : "an address";
}

Expected<void> TryBind(const std::string& address, const addrinfo& to) {
  const ScopedSocket probe(to.ai_family, to.ai_socktype);
  const int on = 1;
  setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (to.ai_family == AF_INET6) setsockopt(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (bind(probe.get(), to.ai_addr, to.ai_addrlen) != 0) return CannotListen(address, ErrorText(errno));
  if (listen(probe.get(), 1) != 0) return CannotListen(address, ErrorText(errno));
  return {};
}

Expected<void> PrepareTcp(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return CannotListen(address, "expected unix:/path or host:port");
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found);
  if (error != 0) return CannotListen(address, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  return CanListenOnAll(address, *found);
}

}  // namespace

Expected<void> CanListenOnAll(const std::string& address, const addrinfo& first) {
  for (const addrinfo* each = &first; each != nullptr; each = each->ai_next) {
    const std::string which = first.ai_next == nullptr ? address : address + " (" + TextOf(*each) + " of several)";
    if (auto bound = TryBind(which, *each); !bound) return bound;
  }
  return {};
}

Expected<void> PrepareListenAddress(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (address.starts_with(kUnix)) return PrepareUnix(address, address.substr(kUnix.size()));
  return PrepareTcp(address);
}

}  // namespace flowbroker::rpc
