#include "service/admin/admin_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "service/admin/admin_response.h"
#include "service/config/value_text.h"

namespace flowbroker::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kMaxConnections = 64;
constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;
constexpr std::chrono::seconds kTimeout{10};            // for a request to come and its answer to go
constexpr std::chrono::milliseconds kAcceptPause{100};  // after an error such as "no descriptor left"

/// One connection: reads a request, answers, reads the next. Kept alive by its pending operation.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, const AdminPages& pages, std::shared_ptr<std::size_t> open)
      : stream_(std::move(socket)), pages_(pages), open_(std::move(open)) {
    ++*open_;
  }
  ~Session() { --*open_; }

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxHeaderBytes);
    stream_.expires_after(kTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) { self->OnRead(error); });
  }

 private:
  void OnRead(beast::error_code error) {
    if (error) return;  // closed, timed out or not HTTP: the connection ends with this object
    response_ = Answer(parser_->get(), pages_);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code e, std::size_t) { self->OnWritten(e); });
  }

  void OnWritten(beast::error_code error) {
    if (error) return;
    if (response_.keep_alive()) return Read();
    error = stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{std::size_t{2} * kMaxHeaderBytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  HttpResponse response_;
  const AdminPages& pages_;
  std::shared_ptr<std::size_t> open_;  // connections there are; admin thread only
};

}  // namespace

class AdminServer::Impl {
 public:
  explicit Impl(AdminPages pages) : pages_(std::move(pages)) {}

  ~Impl() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  beast::error_code Listen(const Endpoint& endpoint) {
    beast::error_code error;
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

  void Run() {
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }

  const std::string& address() const { return address_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](beast::error_code error, asio::ip::tcp::socket socket) {
      if (error) return AcceptLater();
      if (*open_ < kMaxConnections) std::make_shared<Session>(std::move(socket), pages_, open_)->Read();
      Accept();
    });
  }

  void AcceptLater() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](beast::error_code error) {
      if (!error) Accept();
    });
  }

  AdminPages pages_;
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
  asio::io_context context_{1};
  asio::ip::tcp::acceptor acceptor_{context_};
  asio::steady_timer pause_{context_};
  std::string address_;
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

Expected<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address, AdminPages pages) {
  const auto endpoint = config::ParseListenEndpoint(address);
  if (!endpoint) return Unexpected({FailureReason::kInvalidArgument, "admin: " + endpoint.error().detail});
  auto impl = std::make_unique<Impl>(std::move(pages));
  if (const auto error = impl->Listen(*endpoint)) {
    return Unexpected({FailureReason::kInvalidArgument, "admin: cannot listen on " + address + ": " + error.message()});
  }
  impl->Run();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

const std::string& AdminServer::address() const {
  return impl_->address();
}

}  // namespace flowbroker::admin
