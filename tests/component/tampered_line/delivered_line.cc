#include "component/tampered_line/delivered_line.h"

#include "wire/header_convert.h"
#include "wire/wagon_frame.h"

namespace srdf::test {

namespace {

using std::chrono::milliseconds;

std::unique_ptr<grpc::Server> Serve(grpc::Service* service, std::string* address) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(service);
  auto server = builder.BuildAndStart();
  *address = "127.0.0.1:" + std::to_string(port);
  return server;
}

ChainTip StartTip() {
  ChainTip start = store::Start();
  start.epoch = receiver::test::kEpoch;
  return start;
}

}  // namespace

DeliveredLine::DeliveredLine(uint64_t seed) : stored_(StartTip()), applied_(StartTip()) {
  outbox_ = store::Must(store::Outbox::Open(directory_ / "outbox.db"));
  inbox_ = store::Must(store::Inbox::Open(directory_ / "inbox.db"));
  (void)store::Must(outbox_->Reconcile(store::kFlow, stored_));
  config::FlowConfig config;
  config.name = store::kFlow;
  flow_ = flows_.emplace(config.name, std::make_unique<receiver::ReceiverFlow>(config, inbox_.get()))
              .first->second.get();
  service_ = std::make_unique<receiver::ReceiverServiceImpl>(&flows_);
  std::string address;
  receiver_server_ = std::make_unique<rpc::Server>("127.0.0.1:0", grpc::InsecureServerCredentials());
  service_->AddTo(receiver_server_.get());
  store::Must(receiver_server_->Start());
  to_receiver_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(receiver_server_->port()),
                                     grpc::InsecureChannelCredentials());
  tamperer_ = std::make_unique<Tamperer>(to_receiver_, seed);
  tamperer_server_ = Serve(tamperer_.get(), &address);
  // Under TLS nobody on the line could tamper: these are checks of their own.
  config::Config mesh;
  mesh.security_mode = "insecure";
  security_ = store::Must(rpc::Security::Open(mesh, "shipper"));
  client_ = shipper::NewGrpcReceiverClient(address, *security_);
  shipper::LinkOptions options;
  options.flow = store::kFlow;
  options.ack_timeout = std::chrono::seconds(1);
  shipper::LinkEvents events;
  events.on_progress = [] {};
  events.on_tip_moved = [] {};
  link_ = std::make_unique<shipper::DeliveryLink>(options, outbox_.get(), client_.get(), events);
  link_->Start(false);
  // The stream is open before the applier tells the starting point: it begins anew then.
  while (!flow_->shipper_connected()) std::this_thread::sleep_for(milliseconds(1));
  applier_ = std::jthread([this](const std::stop_token& stop) { Apply(stop); });
}

DeliveredLine::~DeliveredLine() {
  link_->Stop();
  applier_.request_stop();
  {
    std::lock_guard lock(mu_);
    if (take_ != nullptr) take_->TryCancel();
  }
  applier_.join();
  service_->Drain();
  tamperer_server_->Shutdown(std::chrono::system_clock::now());
  receiver_server_->Drain(milliseconds(0));
}

void DeliveredLine::Store(size_t payload_bytes) {
  std::string payload(payload_bytes, '\0');
  std::mt19937_64 random(++number_);
  for (char& c : payload) c = static_cast<char>(random());
  const receiver::test::Wagon wagon =
      receiver::test::MakeWagon(receiver::test::HeaderAfter(stored_.sequence + 1, stored_.hash), payload);
  auto writer = store::Must(outbox_->NewWagon(store::kFlow));
  store::Must(writer->Append(wagon.frame));
  store::Must(writer->Commit(wagon.header, wagon.hash));
  stored_ = store::TipOf(wagon.header, wagon.hash);
  link_->WagonStored();
}

bool DeliveredLine::WaitApplied(std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  {
    std::unique_lock lock(mu_);
    if (!changed_.wait_until(lock, deadline, [&] { return applied_ == stored_ || !wrong_.empty(); }) ||
        !wrong_.empty()) {
      return false;
    }
  }
  // The outbox hears of it a moment later.
  while (store::Must(outbox_->GetFlow(store::kFlow)).applied_sequence < stored_.sequence) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

std::string DeliveredLine::wrong() {
  std::lock_guard lock(mu_);
  return wrong_;
}

ChainTip DeliveredLine::applied() {
  std::lock_guard lock(mu_);
  return applied_;
}

void DeliveredLine::Apply(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    TakeStream(stop);
    if (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(50));
  }
}

void DeliveredLine::TakeStream(const std::stop_token& stop) {
  const auto stub = receiver::v1::ReceiverService::NewStub(to_receiver_);
  grpc::ClientContext context;
  receiver::v1::TakeRequest request;
  {
    std::lock_guard lock(mu_);
    take_ = &context;
    request.mutable_open()->set_protocol_version(1);
    request.mutable_open()->set_flow(store::kFlow);
    wire::ToProto(applied_, request.mutable_open()->mutable_checkpoint());
  }
  const auto stream = stub->Take(&context);
  stream->Write(request);
  std::string frame;
  for (receiver::v1::TakeResponse response; !stop.stop_requested() && stream->Read(&response);) {
    if (response.has_ended()) break;
    frame += response.data();
    if (response.chunk_no() + 1 < response.chunk_count()) continue;
    if (!ApplyFrame(frame)) break;
    frame.clear();
    request.Clear();
    request.mutable_applied()->set_sequence(response.sequence());
    stream->Write(request);
  }
  context.TryCancel();
  (void)stream->Finish();
  std::lock_guard lock(mu_);
  take_ = nullptr;
}

bool DeliveredLine::ApplyFrame(const std::string& frame) {
  const auto verifier = wire::NewFrameVerifier();
  WagonHeader header;
  std::string hash;
  Status status = verifier->Append(frame);
  if (status.ok()) status = verifier->Finish(&header, &hash);
  std::lock_guard lock(mu_);
  if (!status.ok()) wrong_ = status.ToString();
  if (status.ok() && (header.sequence != applied_.sequence + 1 || header.previous_hash != applied_.hash)) {
    wrong_ = "wagon " + std::to_string(header.sequence) + " after " + std::to_string(applied_.sequence);
  }
  if (wrong_.empty()) applied_ = store::TipOf(header, hash);
  changed_.notify_all();
  return wrong_.empty();
}

}  // namespace srdf::test
