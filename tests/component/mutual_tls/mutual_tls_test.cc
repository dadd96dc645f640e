// Real gRPC servers and clients in one process: who gets in, who does not, and what is said about it.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/clock.h"
#include "pki/development.h"
#include "pki/issuer.h"
#include "pki/pem_file.h"
#include "pki/security_dir.h"
#include "rpc/caller.h"
#include "rpc/channel.h"
#include "rpc/flow_claim.h"
#include "rpc/health_check.h"
#include "rpc/security.h"
#include "rpc/server.h"
#include "rpc/status_map.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"
#include "srdf/shipper/v1/shipper.grpc.pb.h"

namespace srdf::rpc {
namespace {

namespace fs = std::filesystem;
namespace tls = grpc::experimental;
using receiver::v1::ReceiverService;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kDayMs = 24ll * 3600 * 1000;

class FakeReceiver : public ReceiverService::Service {
 public:
  grpc::Status Deliver(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<receiver::v1::DeliverResponse, receiver::v1::DeliverRequest>*
                           stream) override {
    receiver::v1::DeliverRequest request;
    if (!stream->Read(&request)) return grpc::Status::OK;
    saw_token = saw_token || context->client_metadata().count("authorization") != 0;
    if (Status s = CheckFlowClaim(*context, request.open().flow()); !s.ok()) return ToGrpc(s);
    ++opened;
    return grpc::Status::OK;
  }
  grpc::Status GetStatus(grpc::ServerContext*, const receiver::v1::GetStatusRequest*,
                         receiver::v1::GetStatusResponse*) override {
    return grpc::Status::OK;
  }
  int opened = 0;
  bool saw_token = false;
};

class FakeShipper : public shipper::v1::ShipperService::Service {
 public:
  grpc::Status PauseFlow(grpc::ServerContext* context, const shipper::v1::PauseFlowRequest*,
                         shipper::v1::PauseFlowResponse*) override {
    caller = CallerName(*context);
    return grpc::Status::OK;
  }
  std::string caller;
};

class MutualTls : public ::testing::Test {
 protected:
  MutualTls() {
    std::string dir = "/tmp/srdf-mutual-tls-XXXXXX";
    root_ = mkdtemp(dir.data());
    MakeSite("here", "test");
    security_ = OpenAs("here", "receiver");
    StartServer(*security_);
  }
  ~MutualTls() override {
    server_.reset();
    security_.reset();
    fs::remove_all(root_);
  }

  std::string SiteDir(const std::string& site) const { return root_ + "/" + site; }
  pki::SecurityDir Files(const std::string& site) const { return pki::SecurityDir(SiteDir(site)); }
  void MakeSite(const std::string& site, const std::string& mesh) {
    pki::DevelopmentOptions options;
    options.dir = SiteDir(site);
    options.mesh = mesh;
    options.flows = {"shop", "bank"};
    options.now_ms = WallClockMs();
    const auto made = pki::MakeDevelopmentFiles(options);
    ASSERT_TRUE(made.ok()) << made.status().ToString();
  }
  config::Config ConfigOf(const std::string& site, const std::string& mesh = "test") const {
    config::Config config;
    config.mesh = mesh;
    config.security_dir = SiteDir(site);
    for (const std::string name : {"shop", "bank"}) {
      config::FlowConfig flow;
      flow.name = name;
      flow.token_file = Files(site).token(name);
      config.flows.push_back(flow);
    }
    return config;
  }
  std::unique_ptr<Security> OpenAs(const std::string& site, const std::string& name,
                                   const std::string& mesh = "test") const {
    auto security = Security::Open(ConfigOf(site, mesh), name);
    EXPECT_TRUE(security.ok()) << security.status().ToString();
    return security.ok() ? std::move(*security) : nullptr;
  }
  std::string Token(const std::string& site, const std::string& flow) const {
    return pki::TokenSource(Files(site).token(flow), "").Read().value().front();
  }

  void StartServer(const Security& security) {
    server_.reset();
    server_ = std::make_unique<Server>("127.0.0.1:0", security.ForServer([this](Refusal refusal) {
      std::lock_guard lock(mu_);
      refusals_.insert(refusal);
    }));
    server_->AddService(&receiver_);
    server_->AddService(&shipper_);
    const Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started.ToString();
    server_->SetServing(true);
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  std::shared_ptr<grpc::Channel> ChannelOf(const Security& security,
                                           const std::string& service = "receiver") const {
    return NewChannel(Address(), security.ChannelTo(service));
  }

  static void Prepare(grpc::ClientContext* context) {
    context->set_deadline(std::chrono::system_clock::now() + seconds(10));
  }
  // A read as a client makes it.
  Status GetStatus(const std::shared_ptr<grpc::Channel>& channel) const {
    const auto stub = ReceiverService::NewStub(channel);
    grpc::ClientContext context;
    Prepare(&context);
    receiver::v1::GetStatusResponse response;
    return FromGrpc(stub->GetStatus(&context, {}, &response));
  }
  // Opens a deliver stream for `flow`, as prepared by `claim`.
  grpc::Status Deliver(const std::shared_ptr<grpc::Channel>& channel, const std::string& flow,
                       const std::function<void(grpc::ClientContext*)>& claim) const {
    const auto stub = ReceiverService::NewStub(channel);
    grpc::ClientContext context;
    Prepare(&context);
    claim(&context);
    const auto stream = stub->Deliver(&context);
    receiver::v1::DeliverRequest request;
    request.mutable_open()->set_flow(flow);
    stream->Write(request);
    stream->WritesDone();
    receiver::v1::DeliverResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }
  static Status Pause(const std::shared_ptr<grpc::Channel>& channel, const std::string& user = "") {
    const auto stub = shipper::v1::ShipperService::NewStub(channel);
    grpc::ClientContext context;
    Prepare(&context);
    if (!user.empty()) context.AddMetadata("srdf-user", user);
    shipper::v1::PauseFlowResponse response;
    return FromGrpc(stub->PauseFlow(&context, {}, &response));
  }
  // A call of any method, whether the server has it or not, with an empty request.
  static grpc::StatusCode CallOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
    grpc::GenericStub stub(channel);
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    Prepare(&context);
    const grpc::Slice nothing("");
    const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&nothing, 1), &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, &status);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status.error_code();
  }
  bool WasRefused(Refusal refusal) {
    std::lock_guard lock(mu_);
    return refusals_.count(refusal) != 0;
  }

  // What a client without our checks can send: any files, no check of the server.
  std::shared_ptr<grpc::ChannelCredentials> Stranger(const pki::Pem& pem) const {
    const std::string authority = pki::ReadSmallFile(Files("here").authority()).value();
    std::vector<tls::IdentityKeyCertPair> pairs;
    if (!pem.key.empty()) pairs.push_back({pem.key, pem.certificate});
    tls::TlsChannelCredentialsOptions options;
    options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(authority, pairs));
    options.watch_root_certs();
    if (!pairs.empty()) options.watch_identity_key_cert_pairs();
    options.set_certificate_verifier(std::make_shared<tls::NoOpCertificateVerifier>());
    options.set_check_call_host(false);
    return tls::TlsCredentials(options);
  }
  pki::Pem IssueBy(const std::string& site, const pki::Validity& validity,
                   const std::string& name = "operator") const {
    const pki::Pem authority = {pki::ReadSmallFile(Files(site).authority()).value(),
                                pki::ReadSmallFile(Files(site).authority_key()).value()};
    return pki::Issue(authority, {"test", pki::IdentityKind::kRole, name}, {}, validity).value();
  }

  std::string root_;
  FakeReceiver receiver_;
  FakeShipper shipper_;
  std::unique_ptr<Security> security_;
  std::unique_ptr<Server> server_;
  std::mutex mu_;
  std::set<Refusal> refusals_;  // guarded by mu_
};

TEST_F(MutualTls, TheShipperWithItsFlowsTokenDelivers) {
  const auto shipper = OpenAs("here", "shipper");
  const grpc::Status status = Deliver(ChannelOf(*shipper), "shop", [&](grpc::ClientContext* context) {
    shipper->ClaimFlow(context, "shop");
  });
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(receiver_.opened, 1);
  EXPECT_FALSE(receiver_.saw_token) << "a handler has no use for it";
  EXPECT_TRUE(CheckHealth(ChannelOf(*shipper), seconds(10)).value());
}

TEST_F(MutualTls, ARenewedTokenNeedsNoRestart) {
  const auto shipper = OpenAs("here", "shipper");
  const auto channel = ChannelOf(*shipper);
  const auto deliver = [&] {
    return Deliver(channel, "shop",
                   [&](grpc::ClientContext* context) { shipper->ClaimFlow(context, "shop"); });
  };
  EXPECT_TRUE(deliver().ok());
  fs::copy_file(Files("here").token("bank"), Files("here").token("shop"),
                fs::copy_options::overwrite_existing);
  EXPECT_TRUE(deliver().ok());
  fs::remove(Files("here").token("shop"));
  const Status status = FromGrpc(deliver());
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr(Files("here").token("shop")));
}

TEST_F(MutualTls, ACertificateOfAnotherAuthorityIsRefused) {
  MakeSite("elsewhere", "test");
  const auto status = GetStatus(ChannelOf(*OpenAs("elsewhere", "operator")));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("no secure connection")) << status.ToString();
  EXPECT_THAT(status.remedy(), HasSubstr("srdfctl cert check"));
  // Also when the client does not mind.
  const int64_t now_ms = WallClockMs();
  const auto stranger = Stranger(IssueBy("elsewhere", {now_ms - kDayMs, now_ms + kDayMs}));
  EXPECT_EQ(GetStatus(NewChannel(Address(), stranger)).code(), StatusCode::kUnavailable);
}

TEST_F(MutualTls, AnExpiredACertificateOfTomorrowAndNoneAreRefused) {
  const int64_t now_ms = WallClockMs();
  const auto valid = Stranger(IssueBy("here", {now_ms - kDayMs, now_ms + kDayMs}));
  EXPECT_TRUE(GetStatus(NewChannel(Address(), valid)).ok());
  const auto expired = Stranger(IssueBy("here", {now_ms - 2 * kDayMs, now_ms - kDayMs}));
  EXPECT_EQ(GetStatus(NewChannel(Address(), expired)).code(), StatusCode::kUnavailable);
  const auto tomorrow = Stranger(IssueBy("here", {now_ms + kDayMs, now_ms + 2 * kDayMs}));
  EXPECT_EQ(GetStatus(NewChannel(Address(), tomorrow)).code(), StatusCode::kUnavailable);
  EXPECT_EQ(GetStatus(NewChannel(Address(), Stranger({}))).code(), StatusCode::kUnavailable);
}

TEST_F(MutualTls, AProcessWhoseOwnCertificateExpiredDoesNotStartAndSaysWhy) {
  const int64_t now_ms = WallClockMs();
  const pki::Pem expired = IssueBy("here", {now_ms - 2 * kDayMs, now_ms - kDayMs});
  const pki::SecurityDir files = Files("here");
  ASSERT_TRUE(pki::WriteFilesAtomically({{files.key("operator"), expired.key},
                                         {files.certificate("operator"), expired.certificate}})
                  .ok());
  const auto opened = Security::Open(ConfigOf("here"), "operator");
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.status().message(),
              AllOf(HasSubstr(files.certificate("operator")), HasSubstr("expired at")));
  EXPECT_THAT(opened.status().remedy(), HasSubstr("srdfctl cert dev"));
}

TEST_F(MutualTls, AnotherMeshOfTheSameAuthorityIsRefused) {
  // The files of the mesh "prod", by the same authority.
  fs::copy(SiteDir("here"), SiteDir("prod"), fs::copy_options::recursive);
  MakeSite("prod", "prod");
  const auto of_prod = OpenAs("prod", "operator", "prod");
  // It sees that the server is not its own …
  const Status met = GetStatus(ChannelOf(*of_prod));
  EXPECT_EQ(met.code(), StatusCode::kUnavailable);
  EXPECT_THAT(met.message(), HasSubstr("expected is srdf://prod/service/receiver")) << met.ToString();
  // … and where it does not look, the server does.
  const pki::Pem pem = {pki::ReadSmallFile(Files("prod").certificate("operator")).value(),
                        pki::ReadSmallFile(Files("prod").key("operator")).value()};
  const Status refused = GetStatus(NewChannel(Address(), Stranger(pem)));
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused.message(), HasSubstr("belongs to another mesh"));
  EXPECT_TRUE(WasRefused(Refusal::kOtherMesh));
}

TEST_F(MutualTls, AServerThatIsAnotherServiceIsNotTalkedTo) {
  const auto shipper = OpenAs("here", "shipper");
  StartServer(*shipper);
  const Status status = GetStatus(ChannelOf(*OpenAs("here", "operator")));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("that of srdf://test/service/shipper")) << status.ToString();
  server_.reset();  // before its credentials
}

TEST_F(MutualTls, AViewerReadsAndMayNotSteerAndACaptureMayNeither) {
  const auto viewer = OpenAs("here", "viewer");
  const auto pause = [&](const Security& security) { return Pause(ChannelOf(security)); };
  EXPECT_TRUE(GetStatus(ChannelOf(*viewer)).ok());
  const Status refused = pause(*viewer);
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused.message(), HasSubstr("srdf://test/role/viewer may not call"));
  EXPECT_THAT(refused.remedy(), HasSubstr("operator"));
  EXPECT_TRUE(pause(*OpenAs("here", "operator")).ok());
  EXPECT_EQ(GetStatus(ChannelOf(*OpenAs("here", "capture"))).code(), StatusCode::kPermissionDenied);
}

TEST_F(MutualTls, NoTokenAWrongOneAndAnotherFlowsAreRefusedAndLoggedWithoutIt) {
  const auto shipper = OpenAs("here", "shipper");
  const auto channel = ChannelOf(*shipper);
  const std::string shop = Token("here", "shop");
  const std::string bank = Token("here", "bank");
  const std::string wrong = pki::NewToken().value();
  const auto claim = [](const std::string& flow, const std::string& token) {
    return [=](grpc::ClientContext* context) {
      if (!flow.empty()) context->AddMetadata(kFlowKey, flow);
      if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
    };
  };
  ::testing::internal::CaptureStderr();
  std::vector<grpc::Status> refused;
  refused.push_back(Deliver(channel, "shop", [](grpc::ClientContext*) {}));
  refused.push_back(Deliver(channel, "shop", claim("shop", "")));
  refused.push_back(Deliver(channel, "shop", claim("shop", wrong)));
  refused.push_back(Deliver(channel, "shop", claim("shop", bank)));
  for (const grpc::Status& status : refused)
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << status.error_message();
  // The token of the flow it claims, and another flow in the stream.
  refused.push_back(Deliver(channel, "shop", claim("bank", bank)));
  EXPECT_EQ(refused.back().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(receiver_.opened, 0);
  EXPECT_THAT(log, AllOf(HasSubstr("call_refused"), HasSubstr("no_token"), HasSubstr("wrong_token"),
                         HasSubstr("other_flow"), HasSubstr("srdf://test/service/shipper"),
                         HasSubstr("/srdf.receiver.v1.ReceiverService/Deliver")));
  for (const std::string& secret : {shop, bank, wrong}) {
    EXPECT_THAT(log, Not(HasSubstr(secret)));
    for (const grpc::Status& status : refused) EXPECT_THAT(status.error_message(), Not(HasSubstr(secret)));
  }
}

TEST_F(MutualTls, ATokenIsForOneFlowHoweverManyTheCallClaims) {
  const auto shipper = OpenAs("here", "shipper");
  const auto channel = ChannelOf(*shipper);
  const std::string bank = Token("here", "bank");
  for (const auto& flows : {std::pair("bank", "shop"), std::pair("shop", "bank")}) {
    const grpc::Status status = Deliver(channel, "shop", [&](grpc::ClientContext* context) {
      context->AddMetadata(kFlowKey, flows.first);
      context->AddMetadata(kFlowKey, flows.second);
      context->AddMetadata("authorization", "Bearer " + bank);
    });
    EXPECT_FALSE(status.ok()) << flows.first << ", then " << flows.second;
  }
  EXPECT_EQ(receiver_.opened, 0);
}

TEST_F(MutualTls, ACertificateWithoutAnIdentityOrWithTwoMayDoNothing) {
  const int64_t now_ms = WallClockMs();
  const pki::Validity validity = {now_ms - kDayMs, now_ms + kDayMs};
  for (const char* name : {"oper/ator", "operator,URI:srdf://test/service/shipper"}) {
    const auto channel = NewChannel(Address(), Stranger(IssueBy("here", validity, name)));
    EXPECT_EQ(GetStatus(channel).code(), StatusCode::kPermissionDenied) << name;
    EXPECT_EQ(CallOf(channel, "/grpc.health.v1.Health/Check"), grpc::StatusCode::UNAUTHENTICATED) << name;
  }
  EXPECT_TRUE(WasRefused(Refusal::kNoIdentity));
}

TEST_F(MutualTls, WhatTheServerDoesNotHaveIsRefusedAndReflectionIsForThoseWhoLook) {
  constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  const auto shipper = OpenAs("here", "shipper");
  const auto viewer = OpenAs("here", "viewer");
  for (const auto* caller : {shipper.get(), viewer.get()}) {
    EXPECT_EQ(CallOf(ChannelOf(*caller), "/srdf.receiver.v1.ReceiverService/NoSuchMethod"),
              grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(CallOf(ChannelOf(*shipper), kReflection), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(CallOf(ChannelOf(*viewer), kReflection), grpc::StatusCode::OK);
}

TEST_F(MutualTls, TheAuditNamesTheCertificateBesidesTheLoginThatIsClaimed) {
  const auto alice = OpenAs("here", "operator");
  const auto channel = ChannelOf(*alice);
  ASSERT_TRUE(Pause(channel, "alice").ok());
  EXPECT_EQ(shipper_.caller, "alice (role operator)");
  ASSERT_TRUE(Pause(channel, "root (role auditor)").ok());
  EXPECT_EQ(shipper_.caller, "root?(role?auditor) (role operator)");
  ASSERT_TRUE(Pause(channel).ok());
  EXPECT_EQ(shipper_.caller, "unknown (role operator)");
}

TEST_F(MutualTls, WithoutMutualTlsTheAuditSaysThatNobodyIsProven) {
  config::Config config = ConfigOf("here");
  config.security_mode = "insecure";
  const auto insecure = Security::Open(config, "shipper");
  ASSERT_TRUE(insecure.ok());
  StartServer(**insecure);
  ASSERT_TRUE(Pause(ChannelOf(**insecure), "alice").ok());
  EXPECT_EQ(shipper_.caller, "alice (no certificate)");
}

TEST_F(MutualTls, PlaintextToATlsPortAndTheReverseFailWithTheRemedy) {
  EXPECT_EQ(GetStatus(NewChannel(Address(), grpc::InsecureChannelCredentials())).code(),
            StatusCode::kUnavailable);
  config::Config config = ConfigOf("here");
  config.security_mode = "insecure";
  const auto insecure = Security::Open(config, "receiver");
  ASSERT_TRUE(insecure.ok());
  StartServer(**insecure);
  EXPECT_TRUE(GetStatus(ChannelOf(**insecure)).ok());
  const Status status = GetStatus(ChannelOf(*OpenAs("here", "operator")));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.remedy(), HasSubstr("security.mode")) << status.ToString();
}

TEST_F(MutualTls, ARenewedAuthorityAndCertificateAreTakenWithoutRestart) {
  const auto before = OpenAs("here", "operator");
  pki::DevelopmentOptions options;
  options.dir = SiteDir("here");
  options.mesh = "test";
  options.now_ms = WallClockMs();
  options.new_authority = true;
  ASSERT_TRUE(pki::MakeDevelopmentFiles(options).ok());
  options.new_authority = false;
  options.drop_old_authorities = true;
  ASSERT_TRUE(pki::MakeDevelopmentFiles(options).ok());
  // A newcomer knows the new authority only; the server has to show the new certificate.
  const auto newcomer = OpenAs("here", "operator");
  const auto get = [&](const Security& security) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(15);
    Status status;
    do {
      status = GetStatus(ChannelOf(security));
    } while (!status.ok() && std::chrono::steady_clock::now() < deadline);
    return status;
  };
  const Status first = get(*newcomer);
  EXPECT_TRUE(first.ok()) << first.ToString();
  // Its files are read again, too, at a moment of their own.
  const Status second = get(*before);
  EXPECT_TRUE(second.ok()) << second.ToString();
}

TEST_F(MutualTls, AKeyThatDoesNotFitClosesTheDoorUntilItDoes) {
  const pki::SecurityDir files = Files("here");
  const std::string key = pki::ReadSmallFile(files.key("receiver")).value();
  const auto client = OpenAs("here", "operator");
  const auto get_until = [&](StatusCode code) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(15);
    Status status;
    do {
      status = GetStatus(ChannelOf(*client));
    } while (status.code() != code && std::chrono::steady_clock::now() < deadline);
    return status.code() == code;
  };
  ASSERT_TRUE(get_until(StatusCode::kOk));
  fs::copy_file(files.key("viewer"), files.key("receiver"), fs::copy_options::overwrite_existing);
  EXPECT_TRUE(get_until(StatusCode::kUnavailable));
  // Least of all is plaintext taken now.
  EXPECT_EQ(GetStatus(NewChannel(Address(), grpc::InsecureChannelCredentials())).code(),
            StatusCode::kUnavailable);
  ASSERT_TRUE(pki::WriteFilesAtomically({{files.key("receiver"), key}}).ok());
  EXPECT_TRUE(get_until(StatusCode::kOk));
}

}  // namespace
}  // namespace srdf::rpc
