#include "service/admin/admin_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "service/admin/admin_session.h"
#include "service/config/value_text.h"

namespace flowbroker::admin {
namespace {

namespace asio = boost::asio;
using boost::beast::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};  // after an error such as "no descriptor left"

Expected<std::optional<BearerToken>> ReadToken(const config::ServiceConfig& config) {
  if (config.admin_token_file.empty()) return std::nullopt;
  auto token = BearerToken::Read(config.admin_token_file);
  if (!token) return Unexpected(token.error());
  return *token;
}

}  // namespace

class AdminServer::Impl {
 public:
  Impl(AdminHandlers handlers, bool on_loopback)
      : forwarder_(std::in_place, handlers.rpc), answers_(std::move(handlers), on_loopback) {}

  ~Impl() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    forwarder_.reset();  // what its calls still post dies with the context
  }

  error_code Listen(const Endpoint& endpoint) {
    error_code error;
    const auto address = asio::ip::make_address(endpoint.address.ToString(), error);
    const asio::ip::tcp::endpoint at(address, endpoint.port);
    if (!error) error = acceptor_.open(at.protocol(), error);
    if (!error) error = acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) error = acceptor_.bind(at, error);
    if (!error) error = acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return error;
    address_ = Endpoint{endpoint.address, acceptor_.local_endpoint().port()}.ToString();
    return {};
  }

  /// On the admin thread, or before it runs.
  void SetToken(const std::optional<BearerToken>& token) { answers_.access().SetToken(token); }
  void SetRate(std::size_t calls_per_second) { answers_.limits().SetRate(calls_per_second); }

  void Run() {
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }

  asio::io_context& context() { return context_; }
  RpcForwarder& forwarder() { return *forwarder_; }
  const std::string& address() const { return address_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, asio::ip::tcp::socket socket) {
      if (error) return AcceptLater();
      if (HasRoom()) {
        std::make_shared<AdminSession>(std::move(socket), answers_, *forwarder_, sessions_)->Read();
      }
      Accept();
    });
  }

  /// Who waits longest to send a request makes room for the new one: connections that send nothing, or a little at a
  /// time, cannot keep probes out.
  bool HasRoom() {
    if (sessions_.open < kMaxConnections) return true;
    answers_.CountLimit(AdminLimit::kConnections);
    if (sessions_.reading.empty()) return false;
    sessions_.reading.front()->Close();
    return true;
  }

  void AcceptLater() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code error) {
      if (!error) Accept();
    });
  }

  std::optional<RpcForwarder> forwarder_;
  AdminAnswers answers_;
  AdminSessions sessions_;
  asio::io_context context_{1};  // before the end of the above: its handlers own the connections
  asio::ip::tcp::acceptor acceptor_{context_};
  asio::steady_timer pause_{context_};
  std::string address_;
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

Expected<std::unique_ptr<AdminServer>> AdminServer::Start(const config::ServiceConfig& config, AdminHandlers handlers) {
  const auto endpoint = config::ParseListenEndpoint(config.admin);
  if (!endpoint) return Unexpected({FailureReason::kInvalidArgument, "admin: " + endpoint.error().detail});
  const auto token = ReadToken(config);
  if (!token) return Unexpected(token.error());
  auto impl = std::make_unique<Impl>(std::move(handlers), IsLoopback(endpoint->address));
  if (const auto error = impl->Listen(*endpoint)) {
    return Unexpected(
        {FailureReason::kInvalidArgument, "admin: cannot listen on " + config.admin + ": " + error.message()});
  }
  impl->SetToken(*token);
  impl->SetRate(config.admin_calls_per_second);
  impl->Run();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

Expected<void> AdminServer::Apply(const config::ServiceConfig& config) {
  const auto token = ReadToken(config);
  boost::asio::post(impl_->context(), [impl = impl_.get(), token, rate = config.admin_calls_per_second] {
    if (token) impl->SetToken(*token);
    impl->SetRate(rate);
  });
  if (!token) return Unexpected(token.error());
  return {};
}

void AdminServer::RefuseCalls() {
  impl_->forwarder().Refuse();
}

const std::string& AdminServer::address() const {
  return impl_->address();
}

}  // namespace flowbroker::admin
