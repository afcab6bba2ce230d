#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/dns/dns_client.h"

namespace flowbroker::net {

struct CaresDnsClientOptions {
  std::vector<Endpoint> servers = {};                  ///< empty: those of /etc/resolv.conf, read once at construction
  Duration timeout = std::chrono::milliseconds(1000);  ///< then the next try; a late answer still counts
  int tries = 3;                                       ///< per server
  std::size_t max_in_flight = 150;   ///< further questions wait; above ~190 a local resolver's receive buffer overflows
  std::size_t max_waiting = 10'000;  ///< further ones get kServerFailure
  int tenant_share = 50;             ///< percent of both that one tenant may have, the operator excepted
  Duration retry_silent_after = std::chrono::seconds(30);  ///< a silent server is asked last for so long, then tried
  int max_names = 8;  ///< names asked for along a chain of aliases that the servers do not follow themselves
};

/// Asks DNS servers with c-ares (D1): UDP with EDNS, TCP on truncation, the next server on silence, SERVFAIL or
/// REFUSED. A server that was silent is asked last until it answers again, so that it costs its time-out once and not
/// on every question. Confined to the thread of `io`, which must outlive it.
class CaresDnsClient final : public dns::DnsClient {
 public:
  CaresDnsClient(boost::asio::io_context& io, CaresDnsClientOptions options);

  /// Outstanding questions end with kServerFailure; their callbacks are posted to `io`.
  ~CaresDnsClient() override;
  CaresDnsClient(const CaresDnsClient&) = delete;
  CaresDnsClient& operator=(const CaresDnsClient&) = delete;

  void Query(const dns::Question& question, const std::string& tenant, Callback done) override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with answers that are on their way through `io`
};

}  // namespace flowbroker::net
