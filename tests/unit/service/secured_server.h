#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "service/rpc/rpc_server.h"
#include "tests/unit/net/test_certificates.h"
#include "tests/unit/service/fake_broker.h"
#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::rpc {

/// Which limits were hit.
class LimitRecorder final : public engine::BrokerObserver {
 public:
  void OnLimit(engine::Limit limit) override {
    const std::lock_guard lock(mutex_);
    limits_.push_back(limit);
  }
  std::vector<engine::Limit> limits() {
    const std::lock_guard lock(mutex_);
    return limits_;
  }

 private:
  std::mutex mutex_;
  std::vector<engine::Limit> limits_;
};

/// A server on a Unix socket and a port with TLS, and callers of all kinds.
class SecuredServerTest : public testing::Test {
 protected:
  SecuredServerTest() {
    Install(server_credential_, server_credential_);
    Write("ca", net::testing::ToPem(*authority_.certificate));
    config_.listen = {"unix:" + (directory_ / "s"), "127.0.0.1:0"};
    config_.grpc_certificate_file = directory_ / "cert";
    config_.grpc_private_key_file = directory_ / "key";
    config_.grpc_client_ca_file = directory_ / "ca";
    config_.operators = {"Console.Example.org"};
    broker_ = *engine::ConnectionBroker::Create({}, nullptr);
  }

  ~SecuredServerTest() override {
    if (!server_) return;
    server_->Drain(std::chrono::seconds(5));
    broker_->Stop();
    server_.reset();
  }

  void Start() {
    auto started = RpcServer::Start(config_, *broker_, &limits_);
    ASSERT_TRUE(started) << started.error().detail;
    server_ = *std::move(started);
    tls_address_ = server_->addresses().substr(server_->addresses().find(',') + 1);
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::trunc) << text;
  }

  void Install(const net::testing::Credential& certificate, const net::testing::Credential& key) {
    Write("cert", net::testing::ToPem(*certificate.certificate));
    Write("key", net::testing::ToPem(*key.key));
  }

  net::testing::Credential ServerCredential() {
    return net::testing::MakeCredential({.common_name = "server", .subject_alt_name = "DNS:localhost,IP:127.0.0.1"},
                                        &authority_);
  }

  /// A channel of its own connection. `ours` null: without a certificate.
  std::shared_ptr<grpc::Channel> Connect(const net::testing::Credential* ours) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = net::testing::ToPem(*authority_.certificate);
    if (ours != nullptr) {
      options.pem_private_key = net::testing::ToPem(*ours->key);
      options.pem_cert_chain = net::testing::ToPem(*ours->certificate);
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(tls_address_, grpc::SslCredentials(options), arguments);
  }

  std::shared_ptr<grpc::Channel> ConnectAs(const std::string& names, const net::testing::Credential* issuer = nullptr,
                                           const std::string& usage = {}) {
    const net::testing::Credential ours = net::testing::MakeCredential(
        {.common_name = "console.example.org", .subject_alt_name = names, .extended_key_usage = usage},
        issuer != nullptr ? issuer : &authority_);
    return Connect(&ours);
  }

  static grpc::Status GetFlow(const std::shared_ptr<grpc::Channel>& channel,
                              const std::vector<std::pair<std::string, std::string>>& metadata = {}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    v1::GetFlowRequest request;
    request.set_flow_id(engine::FakeBroker::KnownFlow().ToString());
    v1::GetFlowResponse response;
    return v1::FlowService::NewStub(channel)->GetFlow(&context, request, &response);
  }

  /// The scope of the last call that reached the broker.
  static flow::Scope LastScope() { return engine::FakeBroker::Last().seen().back().scope; }

  ScratchDirectory directory_;
  net::testing::Credential authority_ =
      net::testing::MakeCredential({.common_name = "authority", .is_ca = true}, nullptr);
  net::testing::Credential foreign_ =
      net::testing::MakeCredential({.common_name = "authority", .is_ca = true}, nullptr);
  net::testing::Credential server_credential_ = ServerCredential();
  config::ServiceConfig config_;
  LimitRecorder limits_;
  std::unique_ptr<engine::ConnectionBroker> broker_;
  std::unique_ptr<RpcServer> server_;
  std::string tls_address_;
};

}  // namespace flowbroker::rpc
