#include "clients/cli/drain.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::chrono::milliseconds kPollInterval{200};  // whether a draining broker is still there
constexpr std::size_t kMaxTokenLine = 4096;

std::chrono::nanoseconds Seconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

std::string AdminAddress(const std::string& given) {
  if (!given.empty()) return given;
  const char* const address = std::getenv("FLOWBROKER_ADMIN");
  return address != nullptr && *address != '\0' ? address : "127.0.0.1:7461";
}

/// One request over a connection of its own, with one time limit for all of it.
class Request {
 public:
  explicit Request(std::chrono::nanoseconds patience) { stream_.expires_after(patience); }

  /// The answer, or in `error` why there is none. Once.
  http::response<http::string_body> Post(const std::string& address, const std::string& token,
                                         beast::error_code& error) {
    request_.method(http::verb::post);
    request_.target("/drain");
    request_.version(11);
    request_.set(http::field::host, address);
    request_.set(http::field::content_type, "application/json");
    if (!token.empty()) request_.set(http::field::authorization, "Bearer " + token);
    request_.keep_alive(false);
    request_.prepare_payload();
    Connect(address, error, [this, &error] { Write(error); });
    context_.run();
    return std::move(response_);
  }

  /// Whether anybody listens there.
  bool Reaches(const std::string& address) {
    beast::error_code error;
    Connect(address, error, [] {});
    context_.run();
    return !error;
  }

 private:
  template <typename Then>
  void Connect(const std::string& address, beast::error_code& error, Then then) {
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const auto found = tcp::resolver(context_).resolve(host, address.substr(colon + 1), error);
    if (error) return;
    stream_.async_connect(found, [&error, then](beast::error_code e, const tcp::endpoint&) {
      error = e;
      if (!e) then();
    });
  }

  void Write(beast::error_code& error) {
    http::async_write(stream_, request_, [this, &error](beast::error_code e, std::size_t) {
      error = e;
      if (!e) Read(error);
    });
  }

  void Read(beast::error_code& error) {
    http::async_read(stream_, buffer_, response_, [&error](beast::error_code e, std::size_t) { error = e; });
  }

  asio::io_context context_;
  beast::tcp_stream stream_{context_};
  beast::flat_buffer buffer_{std::size_t{64} * 1024};
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
};

/// The first line of the file without blanks around it; nothing where it cannot be read.
std::optional<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::string line(kMaxTokenLine, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  if (file.bad() || file.gcount() == 0) return std::nullopt;
  line.resize(static_cast<std::size_t>(file.gcount()));
  line.resize(std::min(line.find('\n'), line.size()));
  constexpr const char* kBlanks = " \t\r";
  line.erase(0, std::min(line.find_first_not_of(kBlanks), line.size()));
  line.resize(line.find_last_not_of(kBlanks) + 1);
  return line;
}

/// The message of the google.rpc.Status in the body.
std::string Complaint(const http::response<http::string_body>& response) {
  google::protobuf::Struct status;
  std::string message;
  if (google::protobuf::util::JsonStringToMessage(response.body(), &status).ok()) {
    const auto found = status.fields().find("message");
    if (found != status.fields().end()) message = Clean(found->second.string_value());
  }
  return "HTTP " + std::to_string(response.result_int()) + (message.empty() ? "" : ": " + message);
}

void AwaitEnd(const std::string& address, std::chrono::nanoseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (!Request(kPollInterval * 5).Reaches(address)) return;
    const auto left = end - std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kPollInterval, left));
  }
}

}  // namespace

ExitCode RunDrain(const Invocation& asked, std::ostream& out, std::ostream& err) {
  const std::string address = AdminAddress(asked.admin);
  if (address.find(':') == std::string::npos) {
    err << "--admin: expected HOST:PORT, such as 127.0.0.1:7461\n";
    return ExitCode::kUsage;
  }
  const auto token = asked.token_file.empty() ? std::string() : ReadToken(asked.token_file);
  if (!token) {
    err << "cannot read a token from " << asked.token_file << "\n";
    return ExitCode::kUsage;
  }
  beast::error_code error;
  const auto response = Request(Seconds(asked.timeout)).Post(address, *token, error);
  if (error) {
    err << "cannot reach the admin port at " << address << ": " << error.message() << "\n";
    return error == beast::error::timeout ? ExitCode::kDeadlineExceeded : ExitCode::kBrokerUnreachable;
  }
  if (response.result() != http::status::ok) {
    err << "the broker at " << address << " does not drain: " << Complaint(response) << "\n";
    return ExitCode::kOther;
  }
  out << (asked.json ? response.body() : "the broker drains: it takes no more calls") << "\n" << std::flush;
  AwaitEnd(address, Seconds(asked.wait));
  return ExitCode::kOk;
}

}  // namespace flowbroker::cli
