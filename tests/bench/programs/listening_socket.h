#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "tests/bench/programs/arguments.h"

namespace flowbroker::bench {

/// A blocking TCP socket that listens on a free port of `local`; says the port on standard output.
inline int ListenAndSayPort(const std::string& local = "127.0.0.1") {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = inet_addr(local.c_str());
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool listens = listener >= 0 && bind(listener, generic, length) == 0 && listen(listener, 4096) == 0 &&
                       getsockname(listener, generic, &length) == 0;
  if (!listens) Die("cannot listen on " + local);
  Say(std::to_string(ntohs(address.sin_port)));
  return listener;
}

}  // namespace flowbroker::bench
