#include "broker/net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

#include "broker/net/tls_context.h"

namespace flowbroker::net {
namespace {

std::string WithoutFinalDot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

std::string SubjectOf(X509* certificate) {
  if (certificate == nullptr) return "no certificate";
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : "no subject";
}

// What OpenSSL says of its last failure; alerts of the peer are among it ("tlsv13 alert certificate required").
std::string TakeOpenSslError() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

std::optional<Failure> MismatchOf(X509* certificate, const std::string& wanted) {
  const TlsIdentities identities = certificate == nullptr ? TlsIdentities{} : IdentitiesOf(*certificate);
  if (Matches(identities, wanted)) return std::nullopt;
  return Failure{FailureReason::kCertificateMismatch,
                 "wanted " + wanted + "; certificate has " + identities.ToString()};
}

}  // namespace

/// Lends the caller's buffers to the session for the length of a call.
class TlsSession::Lending {
 public:
  Lending(TlsWire& wire, std::span<const char> incoming, std::string& outgoing) : wire_(wire) {
    wire_ = {incoming, &outgoing};
    ERR_clear_error();  // of others on this thread; SSL_get_error would take it for ours
  }
  ~Lending() { wire_ = {}; }
  Lending(const Lending&) = delete;
  Lending& operator=(const Lending&) = delete;

 private:
  TlsWire& wire_;
};

void TlsSession::SslDeleter::operator()(ssl_st* ssl) const {
  if (ssl == nullptr) return;
  // OpenSSL would make the session's ticket unusable where no goodbye was said; TLS 1.1 and later do not ask for that
  // (RFC 4346 s.7.2.1), and a peer that resets connections is one we come back to.
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

void TlsSession::InstallCallbacks(ssl_ctx_st* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &TlsSession::OnCertificate);
  SSL_CTX_sess_set_new_cb(context, &TlsSession::OnNewTicket);
}

TlsSession::TlsSession(TlsContext& context, std::string identity, const Endpoint& remote)
    : context_(context),
      is_server_(false),
      identity_(WithoutFinalDot(std::move(identity))),
      cache_key_(identity_ + "|" + remote.ToString()) {}

TlsSession::TlsSession(TlsContext& context) : context_(context), is_server_(true) {}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::Start(std::string& to_peer) {
  const Lending lending(wire_, {}, to_peer);
  if (!SetUp()) {
    Fail({FailureReason::kTlsHandshakeFailed, "cannot begin: " + TakeOpenSslError()});
  } else {
    Handshake();
  }
  return state_;
}

bool TlsSession::SetUp() {
  ssl_.reset(SSL_new(context_.native()));
  BIO* bio = ssl_ ? NewBio(wire_) : nullptr;
  if (bio == nullptr) return false;
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  if (!is_server_) return SetUpClient();
  SSL_set_accept_state(ssl_.get());
  SSL_set_verify(ssl_.get(), SSL_VERIFY_NONE, nullptr);
  return true;
}

bool TlsSession::SetUpClient() {
  SSL_set_connect_state(ssl_.get());
  const bool is_name = !IpAddress::Parse(identity_);  // RFC 6066 s.3: SNI never carries an address
  if (is_name && SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, identity_.data()) != 1) {
    return false;
  }
  if (const TlsSessionTicket ticket = context_.sessions().Take(cache_key_)) SSL_set_session(ssl_.get(), ticket.get());
  return true;
}

TlsSession::State TlsSession::Receive(std::span<const char> from_peer, std::string& to_peer, std::string& plaintext) {
  if (ssl_ == nullptr) return state_;
  const Lending lending(wire_, from_peer, to_peer);
  if (state_ == State::kHandshaking) Handshake();
  if (state_ == State::kEstablished) Decrypt(plaintext);
  return state_;
}

void TlsSession::Handshake() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return OnIncomplete(result);
  if (is_server_) {
    state_ = State::kEstablished;
    return;
  }
  // Known to be right where the chain was checked just now; a resumed session did not check it.
  if (auto mismatch = MismatchOf(SSL_get0_peer_certificate(ssl_.get()), identity_)) return Fail(*std::move(mismatch));
  state_ = State::kEstablished;
}

void TlsSession::Decrypt(std::string& plaintext) {
  std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;
  while (true) {
    const int count = SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
    if (count <= 0) {
      OnIncomplete(count);
      SSL_free_buffers(ssl_.get());  // SSL_MODE_RELEASE_BUFFERS forgets the one that a session ticket came in: 16 KB
      return;
    }
    plaintext.append(record.data(), static_cast<std::size_t>(count));
  }
}

TlsSession::State TlsSession::Send(std::string_view plaintext, std::string& to_peer) {
  const Lending lending(wire_, {}, to_peer);
  while (state_ == State::kEstablished && !plaintext.empty()) {
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written);
    if (result != 1) {
      Fail({FailureReason::kTlsHandshakeFailed, "cannot encrypt: " + TakeOpenSslError()});
    } else {
      plaintext.remove_prefix(written);
    }
  }
  return state_;
}

void TlsSession::Close(std::string& to_peer) {
  if (state_ != State::kEstablished && state_ != State::kClosed) return;
  const Lending lending(wire_, {}, to_peer);
  SSL_shutdown(ssl_.get());  // the peer's own goodbye is not waited for
  state_ = State::kClosed;
}

// The one place where the end of an SSL call that did not do everything is judged.
void TlsSession::OnIncomplete(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;  // all that came is taken in
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kClosed;
      return;
    default:  // a foreign list; SSL_ERROR_SSL in practice
      break;
  }
  if (certificate_failure_) return Fail(*std::exchange(certificate_failure_, std::nullopt));
  const char* when = state_ == State::kEstablished ? "after the handshake: " : "";
  Fail({FailureReason::kTlsHandshakeFailed, when + TakeOpenSslError()});
}

void TlsSession::Fail(Failure failure) {
  ERR_clear_error();
  state_ = State::kFailed;
  failure_ = std::move(failure);
}

int TlsSession::OnCertificate(int accepted, x509_store_ctx_st* chain) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* session = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  return session->JudgeCertificate(accepted == 1, chain) ? 1 : 0;
}

// Called for every certificate of the chain, and once more for each thing wrong with it.
bool TlsSession::JudgeCertificate(bool accepted, x509_store_ctx_st* chain) {
  X509* certificate = X509_STORE_CTX_get_current_cert(chain);
  const int error = X509_STORE_CTX_get_error(chain);
  const bool is_peers = X509_STORE_CTX_get_error_depth(chain) == 0;
  if (!accepted && error == X509_V_ERR_INVALID_PURPOSE && is_peers && IsForSipDomain(*certificate)) {
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    accepted = true;
  }
  if (!accepted) {
    certificate_failure_ = Failure{FailureReason::kCertificateUntrusted,
                                   std::string(X509_verify_cert_error_string(error)) + ": " + SubjectOf(certificate)};
    return false;
  }
  if (is_peers) certificate_failure_ = MismatchOf(certificate, identity_);
  if (certificate_failure_) X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
  return !certificate_failure_;
}

// Only ever reached by verified sessions: the handshake fails before where the certificate is wrong.
int TlsSession::OnNewTicket(ssl_st* ssl, ssl_session_st* session) {
  auto* self = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (SSL_SESSION_is_resumable(session) != 1) return 0;
  self->context_.sessions().Store(self->cache_key_, TlsSessionTicket(session));
  return 1;  // the reference is ours now
}

bool TlsSession::resumed() const {
  return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1;
}

std::string_view TlsSession::version() const {
  return ssl_ != nullptr && state_ != State::kHandshaking ? SSL_get_version(ssl_.get()) : "";
}

TlsIdentities TlsSession::peer_identities() const {
  X509* certificate = ssl_ == nullptr ? nullptr : SSL_get0_peer_certificate(ssl_.get());
  return certificate == nullptr ? TlsIdentities{} : IdentitiesOf(*certificate);
}

}  // namespace flowbroker::net
