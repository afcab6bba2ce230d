#include "service/admin/admin_session.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "broker/net/system_clock.h"

namespace flowbroker::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// A request that is refused before its end goes on coming in; closing at once would reset the connection and take the
// answer with it (RFC 9112 s.9.6).
constexpr std::chrono::seconds kLingerTimeout{2};
constexpr std::size_t kLingerBytes = 1024 * 1024;

}  // namespace

AdminSession::AdminSession(asio::ip::tcp::socket socket, AdminAnswers& answers, RpcForwarder& forwarder,
                           AdminSessions& sessions)
    : stream_(std::move(socket)), answers_(answers), forwarder_(forwarder), sessions_(sessions) {
  ++sessions_.open;
}

AdminSession::~AdminSession() {
  EndReading();
  --sessions_.open;
}

void AdminSession::EndReading() {
  if (reading_) sessions_.reading.erase(*reading_);
  reading_.reset();
}

void AdminSession::Read() {
  reading_ = sessions_.reading.insert(sessions_.reading.end(), this);
  parser_.emplace();
  parser_->header_limit(kMaxHeaderBytes);
  parser_->body_limit(kMaxBodyBytes);
  stream_.expires_after(kTransferTimeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code e, std::size_t) { self->OnHeader(e); });
}

void AdminSession::OnHeader(beast::error_code error) {
  if (error) return OnRead(error);
  if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return ReadBody();
  asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](beast::error_code e, std::size_t) {
                      if (!e) self->ReadBody();
                    });
}

void AdminSession::ReadBody() {
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code e, std::size_t) { self->OnRead(e); });
}

void AdminSession::OnRead(beast::error_code error) {
  EndReading();
  if (error) return RefuseRest(error);
  auto answer = answers_.Answer(parser_->get(), net::SystemClock().Now());
  if (auto* const response = std::get_if<HttpResponse>(&answer)) return Write(std::move(*response));
  Forward(std::get<AdmittedCall>(std::move(answer)));
}

void AdminSession::RefuseRest(beast::error_code error) {
  if (error == http::error::body_limit) {
    return Write(answers_.Unreadable(413, "the body is longer than " + std::to_string(kMaxBodyBytes) + " octets"));
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Write(answers_.Unreadable(431, "the header is longer than " + std::to_string(kMaxHeaderBytes) + " octets"));
  }
  const bool went_away = error == http::error::end_of_stream || error == http::error::partial_message;
  if (went_away || error.category() != http::make_error_code(http::error::end_of_stream).category()) return;
  Write(answers_.Unreadable(400, "not HTTP/1.1: " + error.message()));
}

void AdminSession::Forward(AdmittedCall call) {
  lease_.emplace(std::move(call.lease));
  // The answer comes on the forwarder's thread and goes on here, as does the ownership of this object.
  auto done = [self = shared_from_this(), rpc = call.call](const grpc::Status& status, std::string wire) mutable {
    const auto executor = self->stream_.get_executor();
    asio::post(executor, [self = std::move(self), rpc, status, octets = std::move(wire)] {
      self->OnCallDone(*rpc, status, octets);
    });
  };
  call_ = forwarder_.Start(call.request, std::move(done));
  WatchCaller();
}

void AdminSession::WatchCaller() {
  stream_.socket().async_wait(asio::socket_base::wait_read, [self = shared_from_this()](beast::error_code error) {
    if (!error && self->lease_) self->OnCallerStirs();
  });
}

void AdminSession::OnCallerStirs() {
  beast::error_code error;
  char octet = 0;
  stream_.socket().non_blocking(true, error);
  stream_.socket().receive(asio::buffer(&octet, 1), asio::socket_base::message_peek, error);
  // A next request that came early stays where it is, and hides the end behind it; its call has a deadline all the
  // same.
  if (error && error != asio::error::would_block) call_.Cancel();
}

void AdminSession::OnCallDone(const RpcCall& call, const grpc::Status& status, const std::string& wire) {
  lease_.reset();
  beast::error_code ignored;
  stream_.socket().cancel(ignored);  // the watch
  Write(answers_.AnswerOf(parser_->get(), call, status, wire));
}

void AdminSession::Write(HttpResponse response) {
  response_ = std::move(response);
  stream_.expires_after(kTransferTimeout);
  http::async_write(stream_, response_,
                    [self = shared_from_this()](beast::error_code e, std::size_t) { self->OnWritten(e); });
}

void AdminSession::OnWritten(beast::error_code error) {
  if (error) return;
  if (response_.keep_alive()) return Read();
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(kLingerTimeout);
  buffer_.clear();
  Linger();
}

void AdminSession::Linger() {
  stream_.async_read_some(buffer_.prepare(kMaxHeaderBytes),
                          [self = shared_from_this()](beast::error_code error, std::size_t octets) {
                            self->discarded_ += octets;
                            if (!error && self->discarded_ < kLingerBytes) self->Linger();
                          });
}

}  // namespace flowbroker::admin
