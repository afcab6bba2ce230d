#pragma once

#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/net/datagram.h"

namespace flowbroker::net {

/// Told what comes in on the datagram listeners of one shard, on the shard's thread. `listener` is the number that the
/// listener was opened with.
class DatagramSink {
 public:
  virtual ~DatagramSink() = default;

  virtual void OnDatagrams(std::uint16_t listener, std::span<const Datagram> datagrams) = 0;
  /// ICMP says that nothing sent there arrives.
  virtual void OnUnreachable(std::uint16_t listener, const Endpoint& remote, const Failure& failure) = 0;
  /// So many datagrams were not sent, as the socket's buffer was full.
  virtual void OnUnsent(std::size_t count) = 0;
  /// The kernel has dropped so many datagrams before they were read, mostly as the socket's buffer was full.
  virtual void OnUnread(std::size_t count) = 0;
};

/// One shard's socket on a UDP address of the edge: many user agents, one address and port (E5). All shards have a
/// socket on that address; the kernel gives what comes from one remote address and port to the same one always. Reads
/// and sends many datagrams with one system call. Confined to the thread of its io_context, but for Open and Claim.
class DatagramListener {
 public:
  /// Makes sure that nobody else has the address; returns it with the port that the kernel chose for port 0. A failure
  /// says which address and why.
  static Expected<Endpoint> Claim(const Endpoint& local);
  /// Binds, beside the listeners of the other shards. The sink outlives it.
  static Expected<std::unique_ptr<DatagramListener>> Open(boost::asio::io_context& io, std::uint16_t number,
                                                          const Endpoint& local, DatagramSink& sink);

  void Start() { AwaitReadable(); }

  /// Takes the datagram; it leaves with the next Flush, or sooner where many wait.
  void Send(const Endpoint& remote, std::string octets);
  /// What the kernel does not take is lost, as it might be on any router; SIP sends again what matters.
  void Flush();

  void Close();

 private:
  using Socket = boost::asio::basic_datagram_socket<boost::asio::ip::udp, boost::asio::io_context::executor_type>;
  using SocketAddress = boost::asio::ip::udp::endpoint;

  /// With one system call. Enough to make its cost small beside that of the datagrams.
  static constexpr std::size_t kBatch = 64;

  struct Waiting {
    SocketAddress remote;
    std::string octets;
  };

  DatagramListener(boost::asio::io_context& io, std::uint16_t number, DatagramSink& sink);
  void AwaitReadable();
  void ReadLater();
  /// False where nothing came.
  bool Read();
  /// False where there was nothing to read.
  bool ReadBatch();
  void ReadErrors();
  /// Tells what the kernel has lost, once a second at most, and only when something else comes.
  void CountUnread();
  /// How many the kernel took; below zero: it takes none now, or, with an `errno` other than EAGAIN, not the first.
  int SendBatch(std::span<Waiting> batch);

  const std::uint16_t number_;
  DatagramSink& sink_;
  Socket socket_;
  boost::asio::steady_timer pause_;
  std::chrono::steady_clock::time_point last_read_;
  std::chrono::steady_clock::time_point counted_;
  std::vector<Waiting> waiting_;
  std::unique_ptr<char[]> octets_;  // kBatch times the longest datagram; pages that are never used take no memory
  std::array<SocketAddress, kBatch> remotes_;
  std::array<iovec, kBatch> places_{};
  std::array<mmsghdr, kBatch> headers_{};
  std::vector<Datagram> received_;
  std::uint32_t unread_ = 0;  // ever; as the kernel counts, it wraps
  bool errors_wait_ = false;  // the kernel has told of ICMP errors; which, is to be read
  bool closed_ = false;
};

}  // namespace flowbroker::net
