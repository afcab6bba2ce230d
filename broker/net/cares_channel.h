#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "broker/base/time.h"
#include "broker/dns/records.h"

namespace flowbroker::net {

/// What became of one question to one server.
enum class AskOutcome : std::uint8_t {
  kAnswered,     ///< the server sent a message that belongs to the question; whether it makes sense is not judged
  kSilent,       ///< nothing came in time
  kUnreachable,  ///< ICMP, or the socket refused: the server is not there
  kNotAsked,     ///< the question could not be sent at all (no descriptor, no memory)
};

/// The one seam to c-ares: asks one server over UDP with EDNS, and over TCP where the answer was truncated. No retries,
/// no search domains, no hosts file. One per server, because c-ares cannot change servers while questions are in flight
/// and waits for a dead one each time. The source port changes at least every 64 questions, so that an answer is hard
/// to forge (RFC 5452 s.9.2) also under continuous traffic. Confined to the thread of its io_context.
class CaresChannel {
 public:
  using Done = std::function<void(AskOutcome, std::vector<std::uint8_t> message)>;

  CaresChannel(boost::asio::io_context& io, const Endpoint& server, Duration timeout);
  ~CaresChannel();
  CaresChannel(const CaresChannel&) = delete;
  CaresChannel& operator=(const CaresChannel&) = delete;

  /// `done` is posted to the io_context: never called from inside Ask, and it may do anything, including destroying the
  /// channel. It is dropped uncalled where the channel is destroyed first; one already posted still comes.
  void Ask(const dns::Question& question, Done done);

 private:
  class Impl;

  boost::asio::io_context& io_;
  Endpoint server_;
  Duration timeout_;
  std::unique_ptr<Impl> current_;
  int asked_ = 0;                                // through current_
  std::vector<std::unique_ptr<Impl>> draining_;  // no new questions; gone when the last is answered
};

}  // namespace flowbroker::net
