#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "broker/net/dns_wire_reader.h"
#include "tests/unit/net/dns_message.h"

namespace flowbroker::net::testing {

/// A DNS server on 127.0.0.1 (UDP and TCP, one port) that answers what its script says, on the io_context of the test.
class ScriptedDnsServer {
 public:
  struct Query {
    dns::Question question;
    bool over_tcp;
    unsigned id;
    std::uint16_t source_port;  ///< UDP only
  };
  /// The message to send back (its id is filled in), or nothing for silence.
  using Script = std::function<std::optional<Octets>(const Query&)>;

  ScriptedDnsServer(boost::asio::io_context& io, Script script) : script_(std::move(script)), udp_(io), tcp_(io) {
    while (!BindBoth()) {
    }
    tcp_.listen();
    Receive();
    Accept();
  }

  Endpoint endpoint() const { return {IpAddress::FromIpv4({127, 0, 0, 1}), udp_.local_endpoint().port()}; }
  const std::vector<Query>& queries() const { return queries_; }
  void set_script(Script script) { script_ = std::move(script); }

  /// Nobody listens here any more; the kernel answers with ICMP port unreachable and RST.
  void Stop() {
    udp_.close();
    tcp_.close();
  }

 private:
  struct Session {
    explicit Session(boost::asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}
    boost::asio::ip::tcp::socket socket;
    std::array<std::uint8_t, 2> length{};
    Octets message;
  };

  static boost::asio::ip::address_v4 Loopback() { return boost::asio::ip::address_v4::loopback(); }

  // False where the port that UDP got is taken for TCP.
  bool BindBoth() {
    udp_ = {udp_.get_executor(), {Loopback(), 0}};
    const boost::asio::ip::tcp::endpoint same_port(Loopback(), udp_.local_endpoint().port());
    tcp_ = boost::asio::ip::tcp::acceptor(tcp_.get_executor(), same_port.protocol());
    tcp_.set_option(boost::asio::ip::tcp::acceptor::reuse_address(true));
    boost::system::error_code error;
    return !tcp_.bind(same_port, error);
  }

  std::optional<Octets> Reply(const Octets& query, bool over_tcp) {
    DnsWireReader reader(query, 12);
    const auto name = dns::DnsName::Parse(reader.Name());
    const auto type = static_cast<dns::RecordType>(reader.U16());
    if (!reader.ok() || !name) return std::nullopt;
    const unsigned id = unsigned{query[0]} << 8U | query[1];
    queries_.push_back({{*name, type}, over_tcp, id, peer_.port()});
    auto reply = script_(queries_.back());
    if (reply && reply->size() >= 2) std::copy_n(query.begin(), 2, reply->begin());
    return reply;
  }

  void Receive() {
    udp_.async_receive_from(boost::asio::buffer(buffer_), peer_, [this](const auto& error, std::size_t count) {
      if (error) return;
      const auto reply = Reply({buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(count)}, false);
      if (reply) udp_.send_to(boost::asio::buffer(*reply), peer_);
      if (udp_.is_open()) Receive();
    });
  }

  void Accept() {
    tcp_.async_accept([this](const auto& error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      ReadLength(std::make_shared<Session>(std::move(socket)));
      Accept();
    });
  }

  void ReadLength(const std::shared_ptr<Session>& session) {
    async_read(session->socket, boost::asio::buffer(session->length), [this, session](const auto& error, std::size_t) {
      if (error) return;
      session->message.resize(std::size_t{session->length[0]} << 8U | session->length[1]);
      ReadMessage(session);
    });
  }

  void ReadMessage(const std::shared_ptr<Session>& session) {
    async_read(session->socket, boost::asio::buffer(session->message), [this, session](const auto& error, std::size_t) {
      if (error) return;
      const auto reply = Reply(session->message, true);
      if (!reply) return;
      Octets framed = U16(static_cast<unsigned>(reply->size()));
      Append(framed, *reply);
      write(session->socket, boost::asio::buffer(framed));
      ReadLength(session);
    });
  }

  Script script_;
  boost::asio::ip::udp::socket udp_;
  boost::asio::ip::tcp::acceptor tcp_;
  boost::asio::ip::udp::endpoint peer_;
  std::array<std::uint8_t, 1500> buffer_{};
  std::vector<Query> queries_;
};

}  // namespace flowbroker::net::testing
