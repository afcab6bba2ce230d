#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>

#include "service/admin/admin_answer.h"
#include "service/admin/http_message.h"
#include "service/admin/rpc_forwarder.h"

namespace flowbroker::admin {

class AdminSession;

/// The connections there are. The admin thread only.
struct AdminSessions {
  std::size_t open = 0;
  std::list<AdminSession*> reading;  ///< those that have not sent a whole request, the one that waits longest first
};

/// One connection: reads a request, answers, reads the next. Kept alive by its pending operation. While a call is in
/// flight the connection is watched, so that a caller that goes away ends its call. The admin thread only.
class AdminSession : public std::enable_shared_from_this<AdminSession> {
 public:
  /// `answers`, `forwarder` and `sessions` must outlive the connection.
  AdminSession(boost::asio::ip::tcp::socket socket, AdminAnswers& answers, RpcForwarder& forwarder,
               AdminSessions& sessions);
  ~AdminSession();

  AdminSession(const AdminSession&) = delete;
  AdminSession& operator=(const AdminSession&) = delete;

  void Read();

  /// Ends it; for a connection that waits for a request.
  void Close() { stream_.close(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void OnHeader(boost::beast::error_code error);
  void ReadBody();
  void OnRead(boost::beast::error_code error);
  void EndReading();
  void Forward(AdmittedCall call);
  void WatchCaller();
  void OnCallerStirs();
  void OnCallDone(const RpcCall& call, const grpc::Status& status, const std::string& wire);
  void RefuseRest(boost::beast::error_code error);
  void Write(HttpResponse response);
  void OnWritten(boost::beast::error_code error);
  void Linger();

  boost::beast::tcp_stream stream_;
  AdminAnswers& answers_;
  RpcForwarder& forwarder_;
  AdminSessions& sessions_;
  std::optional<std::list<AdminSession*>::iterator> reading_;  // our place, while a request is read
  boost::beast::flat_buffer buffer_{std::size_t{2} * kMaxHeaderBytes};
  std::optional<Parser> parser_;
  HttpResponse response_;
  std::optional<CallLimits::Lease> lease_;  // while a call is in flight
  RpcForwarder::CallHandle call_;
  std::size_t discarded_ = 0;
};

}  // namespace flowbroker::admin
