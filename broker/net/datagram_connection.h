#pragma once

#include <boost/asio/ip/udp.hpp>
#include <memory>

#include "broker/net/shard_sockets.h"
#include "broker/net/socket_error.h"

namespace flowbroker::net {

/// A connected UDP socket: datagrams of its peer only, and ICMP errors as ends of the connection. One datagram is one
/// message (RFC 3261 s.18.3).
class DatagramConnection final : public Connection, public std::enable_shared_from_this<DatagramConnection> {
 public:
  DatagramConnection(ShardSockets& sockets, flow::ConnectionId id);

  void Start(const ConnectSpec& spec);

  void Send(std::string_view bytes) override;
  std::size_t queued() const override { return 0; }
  void PauseReading() override { reading_paused_ = true; }
  void ResumeReading() override;
  Expected<OwnedDescriptor> HandOver() override {
    return Unexpected({FailureReason::kInternal, "a UDP socket is not handed over"});
  }
  void Close() override;

 private:
  boost::system::error_code OpenSocket(const ConnectSpec& spec);
  void AwaitReadable();
  void Read();
  void DiscardErrorQueue();
  void OnDatagram(std::string_view datagram);
  void End(Failure failure);
  void EndSoon(Failure failure);

  ShardSockets& sockets_;
  flow::ConnectionId id_;
  boost::asio::basic_datagram_socket<boost::asio::ip::udp, boost::asio::io_context::executor_type> socket_;
  bool closed_ = false;
  bool reading_paused_ = false;
  bool read_pending_ = false;
};

}  // namespace flowbroker::net
