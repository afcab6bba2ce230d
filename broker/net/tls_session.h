#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/base/failure.h"
#include "broker/base/ip_address.h"
#include "broker/net/tls_identity.h"
#include "broker/net/tls_wire.h"

struct ssl_ctx_st;         // OpenSSL's SSL_CTX
struct ssl_session_st;     // SSL_SESSION
struct ssl_st;             // SSL
struct x509_store_ctx_st;  // X509_STORE_CTX

namespace flowbroker::net {

class TlsContext;

/// One end of a TLS connection, without I/O: bytes from the peer go in, bytes for the peer come out, in
/// buffers lent for the duration of a call. So an idle session holds no buffers (about 15 KB in all).
///
///     TlsSession tls(context, "example.org", remote);
///     tls.Start(to_peer);                                          // send to_peer
///     while (tls.Receive(bytes, to_peer, plaintext) == kHandshaking) ...
///     tls.Send("OPTIONS ...", to_peer);
///
/// The handshake succeeds only for a chain that leads to a trusted CA and a certificate that carries the identity by
/// RFC 5922; otherwise the peer is sent an alert. At the server's end the peer is a user agent, which is not asked for
/// a certificate: it proves who it is by the digest of its REGISTER. Output is appended, never replaced. Confined to
/// the shard's thread.
class TlsSession {
 public:
  enum class State : std::uint8_t {
    kHandshaking,  ///< no application data yet
    kEstablished,  ///< the peer is verified, data can pass
    kClosed,       ///< the peer said goodbye (close_notify); nothing more comes
    kFailed,       ///< failure() says why; nothing can pass any more
  };

  /// @param identity host name or numeric address of the URI, which the certificate must carry; also sent as SNI where
  ///                 it is a name
  /// @param remote   where the connection goes; only sessions to the same place are resumed
  TlsSession(TlsContext& context, std::string identity, const Endpoint& remote);
  /// The server's end, with our own certificate.
  explicit TlsSession(TlsContext& context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Begins the handshake: `to_peer` gets the ClientHello, at the client's end. To be called once, before everything
  /// else.
  State Start(std::string& to_peer);

  /// Takes all of `from_peer` in. Bytes after a close_notify or a failure are dropped.
  State Receive(std::span<const char> from_peer, std::string& to_peer, std::string& plaintext);

  /// Encrypts. Does nothing in states other than kEstablished (a peer's close_notify closes both ways, as SIP needs).
  State Send(std::string_view plaintext, std::string& to_peer);

  /// Says goodbye (close_notify), where there is a session to end. Nothing can be sent after it.
  void Close(std::string& to_peer);

  State state() const { return state_; }

  /// Set exactly when kFailed: kCertificateUntrusted, kCertificateMismatch or kTlsHandshakeFailed; the detail has the
  /// particulars. TLS 1.3 lets a server refuse our own certificate after the handshake: that is a kTlsHandshakeFailed,
  /// too.
  const std::optional<Failure>& failure() const { return failure_; }

  /// Whether an earlier session was resumed.
  bool resumed() const;

  /// "TLSv1.3"; empty before the handshake.
  std::string_view version() const;

  /// Whom the peer's certificate speaks for (O3); empty before the handshake.
  TlsIdentities peer_identities() const;

 private:
  friend class TlsContext;  // installs the callbacks
  struct SslDeleter {
    void operator()(ssl_st* ssl) const;
  };
  class Lending;

  static void InstallCallbacks(ssl_ctx_st* context);
  static int OnCertificate(int accepted, x509_store_ctx_st* chain);
  static int OnNewTicket(ssl_st* ssl, ssl_session_st* session);

  bool SetUp();
  bool SetUpClient();
  bool JudgeCertificate(bool accepted, x509_store_ctx_st* chain);
  void Handshake();
  void Decrypt(std::string& plaintext);
  void OnIncomplete(int result);
  void Fail(Failure failure);

  TlsContext& context_;
  const bool is_server_;
  std::string identity_;
  std::string cache_key_;
  TlsWire wire_;
  std::unique_ptr<ssl_st, SslDeleter> ssl_;  // null before Start
  State state_ = State::kHandshaking;
  std::optional<Failure> failure_;
  std::optional<Failure> certificate_failure_;  // found by the check, just before the handshake fails because of it
};

}  // namespace flowbroker::net
