#include "srdfctl/status_document.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "model/copy_state.h"

namespace srdf::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kNowMs = 1'700'000'100'000;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

class StatusDocument : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.mesh = "shop-dr";
    for (std::string_view name : config::kServiceNames) {
      config_.services[std::string(name)] = {"127.0.0.1:7101", "127.0.0.1:9401"};
    }
    config::FlowConfig flow;
    flow.name = "shop";
    flow.source.host = "10.0.1.10";
    flow.target.host = "10.0.2.10";
    config_.flows.push_back(flow);

    replies_.now_ms = kNowMs;
    replies_.capture = Parse<capture::v1::GetStatusResponse>(R"pb(
      flows {
        flow: "shop"
        state: CAPTURE_STATE_STREAMING
        read { gtid: "0-1-120" file: "binlog.000003" offset: 5678 }
        server_end { gtid: "0-1-120" file: "binlog.000003" offset: 5678 }
        transactions: 120
        rows: 480
      })pb");
    replies_.batcher = Parse<batcher::v1::GetStatusResponse>(R"pb(
      flows {
        flow: "shop"
        capture_connected: true
        shipper_connected: true
        wagons_sealed: 12
        wagons_by_reason { key: "adaptive" value: 12 }
      })pb");
    replies_.shipper = Parse<shipper::v1::GetStatusResponse>(R"pb(
      flows {
        flow: "shop"
        destination: "127.0.0.1:7104"
        initialised: true
        link: DELIVERY_LINK_STATE_STREAMING
        stored { sequence: 12 }
        acked_sequence: 12
        applied_sequence: 12
        wagons { status: "applied" wagons: 12 bytes: 4096 }
        total_wagons: 12
        total_transactions: 120
        total_rows_before: 480
        total_rows_after: 60
        total_source_bytes: 100000
        total_bytes_before: 80000
        total_payload_raw_bytes: 20000
        total_payload_compressed_bytes: 5000
      })pb");
    replies_.receiver = Parse<receiver::v1::GetStatusResponse>(R"pb(
      flows {
        flow: "shop"
        shipper_connected: true
        applier_connected: true
        accepted { sequence: 12 }
        applied_sequence: 12
      })pb");
    replies_.applier = Parse<applier::v1::GetStatusResponse>(R"pb(
      flows {
        flow: "shop"
        state: APPLIER_STATE_RUNNING
        apply_mode: "native"
        checkpoint {
          epoch: 1
          sequence: 12
          uid: "ab"
          position { gtid: "0-1-120" }
        }
        checkpoint_commit_time_ms: 1700000040000
        checkpoint_applied_at_ms: 1700000041000
        wagons: 12
        lag_p50_ms: 800
        lag_p99_ms: 1500
        transit_p50_ms: 12
        transit_p99_ms: 40
      })pb");
  }

  capture::v1::FlowStatus* Capture() { return replies_.capture->mutable_flows(0); }
  shipper::v1::FlowStatus* Shipper() { return replies_.shipper->mutable_flows(0); }
  applier::v1::FlowStatus* Applier() { return replies_.applier->mutable_flows(0); }
  void Fail(const std::string& service) {
    if (service == "capture") replies_.capture.reset();
    if (service == "shipper") replies_.shipper.reset();
    if (service == "applier") replies_.applier.reset();
    replies_.errors[service] = service + " at 127.0.0.1:7101 cannot be reached";
  }
  Document Build() { return BuildStatus(config_, replies_, ""); }
  Document Flow() { return Build()["flows"][0]; }
  std::string Screen() { return RenderStatus(Build(), false); }

  config::Config config_;
  MeshReplies replies_;
};

TEST_F(StatusDocument, ACaughtUpFlowHasNoLag) {
  const Document flow = Flow();
  EXPECT_EQ(flow["state"], "running");
  EXPECT_EQ(flow["lag"]["seconds"], 0.0);
  EXPECT_EQ(flow["lag"]["caught_up"], true);
  EXPECT_THAT(Screen(), HasSubstr("flow shop  running  lag 0 s (caught up), 0 B of log behind"));
}

TEST_F(StatusDocument, TheTargetMayBeAheadOfWhatCaptureLastHeard) {
  Applier()->mutable_checkpoint()->mutable_position()->set_gtid("0-1-121");
  EXPECT_EQ(Flow()["lag"]["caught_up"], true);
}

TEST_F(StatusDocument, HowFarACopyHasComeStandsBesideThePositions) {
  EXPECT_FALSE(Flow()["target"]["checkpoint"]["position"].contains("copy"));
  CopyState state;
  state.tables_total = 12;
  state.tables.resize(9);
  state.rows = 37;
  state.rows_estimate = 100;
  Applier()->mutable_checkpoint()->mutable_position()->set_copy(*EncodeCopyState(state));
  EXPECT_EQ(Flow()["target"]["checkpoint"]["position"]["copy"], "copy 37 % (3 of 12 tables)");
  EXPECT_THAT(Screen(), HasSubstr(", copy 37 % (3 of 12 tables)"));
}

TEST_F(StatusDocument, EveryDomainHasToBeCaughtUp) {
  Capture()->mutable_server_end()->set_gtid("0-1-120,5-2-7");
  EXPECT_EQ(Flow()["lag"]["caught_up"], false);
  Applier()->mutable_checkpoint()->mutable_position()->set_gtid("0-1-120,5-2-7");
  EXPECT_EQ(Flow()["lag"]["caught_up"], true);
}

TEST_F(StatusDocument, LagIsTheAgeOfTheLastAppliedCommit) {
  Capture()->mutable_server_end()->set_gtid("0-1-125");
  Capture()->set_bytes_behind(2048);
  const Document flow = Flow();
  EXPECT_EQ(flow["lag"]["seconds"], 60.0);
  EXPECT_EQ(flow["lag"]["bytes"], 2048);
  EXPECT_THAT(Screen(), HasSubstr("lag 1 min 0 s, 2.0 KiB of log behind"));
}

// After a quiet hour the last applied commit is an hour old, but the first one missing is not.
TEST_F(StatusDocument, LagAfterAQuietTimeIsTheAgeOfTheOldestCommitMissing) {
  Capture()->mutable_server_end()->set_gtid("0-1-125");
  Shipper()->set_unapplied_wagons(1);
  Shipper()->set_oldest_unapplied_commit_ms(kNowMs - 2000);
  EXPECT_EQ(Flow()["lag"]["seconds"], 2.0);
}

TEST_F(StatusDocument, AClockBehindTheSourceGivesNoNegativeLag) {
  Capture()->mutable_server_end()->set_gtid("0-1-125");
  Applier()->set_checkpoint_commit_time_ms(kNowMs + 5000);
  EXPECT_EQ(Flow()["lag"]["seconds"], 0.0);
}

TEST_F(StatusDocument, RatiosAreOfRowsAndOfPayloads) {
  const Document totals = Flow()["totals"];
  EXPECT_EQ(totals["compaction_ratio"], 8.0);
  EXPECT_EQ(totals["compression_ratio"], 4.0);
  EXPECT_THAT(Screen(), HasSubstr("rows  480 -> 60, compaction 8.0 : 1"));
  Shipper()->set_total_rows_after(0);
  EXPECT_TRUE(Flow()["totals"]["compaction_ratio"].is_null());
}

TEST_F(StatusDocument, AnUnreachableServiceIsShownAndTheRestStays) {
  Fail("shipper");
  const Document status = Build();
  EXPECT_EQ(status["services"][2]["reachable"], false);
  EXPECT_EQ(status["flows"][0]["state"], "unknown");
  EXPECT_TRUE(status["flows"][0]["delivery"].is_null());
  EXPECT_EQ(status["flows"][0]["lag"]["caught_up"], true);
  EXPECT_FALSE(AnyFlowStopped(status));
  const std::string screen = Screen();
  EXPECT_THAT(screen, HasSubstr("shipper unreachable"));
  EXPECT_THAT(screen, HasSubstr("shipper at 127.0.0.1:7101 cannot be reached"));
  EXPECT_THAT(screen, HasSubstr("target    mariadb at 10.0.2.10:3306  running (native)"));
}

TEST_F(StatusDocument, AMeshThatIsDownIsAScreenToo) {
  for (std::string_view name : config::kServiceNames) Fail(std::string(name));
  replies_.batcher.reset();
  replies_.receiver.reset();
  EXPECT_EQ(Flow()["state"], "unknown");
  EXPECT_TRUE(Flow()["lag"]["seconds"].is_null());
  EXPECT_THAT(Screen(), HasSubstr("lag not known"));
}

TEST_F(StatusDocument, AStoppedServiceStopsTheFlowAndTheExitCodeSaysSo) {
  EXPECT_FALSE(AnyFlowStopped(Build()));
  Applier()->set_state(applier::v1::APPLIER_STATE_FAILED);
  EXPECT_EQ(Flow()["state"], "failed");
  EXPECT_TRUE(AnyFlowStopped(Build()));
  Applier()->set_state(applier::v1::APPLIER_STATE_RUNNING);
  Capture()->set_state(capture::v1::CAPTURE_STATE_STOPPED);
  EXPECT_EQ(Flow()["state"], "stopped");
  EXPECT_TRUE(AnyFlowStopped(Build()));
  Capture()->set_state(capture::v1::CAPTURE_STATE_STREAMING);
  Shipper()->set_link(shipper::v1::DELIVERY_LINK_STATE_STOPPED);
  EXPECT_TRUE(AnyFlowStopped(Build()));
}

TEST_F(StatusDocument, BlockedPausedAndSuspendedAreNotStops) {
  Capture()->set_state(capture::v1::CAPTURE_STATE_BLOCKED);
  EXPECT_EQ(Flow()["state"], "blocked");
  Capture()->set_state(capture::v1::CAPTURE_STATE_STREAMING);
  Shipper()->set_link(shipper::v1::DELIVERY_LINK_STATE_PAUSED);
  EXPECT_EQ(Flow()["state"], "paused");
  Shipper()->set_link(shipper::v1::DELIVERY_LINK_STATE_SUSPENDED);
  EXPECT_EQ(Flow()["state"], "suspended");
  Shipper()->set_link(shipper::v1::DELIVERY_LINK_STATE_BACKING_OFF);
  EXPECT_EQ(Flow()["state"], "connecting");
  EXPECT_FALSE(AnyFlowStopped(Build()));
}

TEST_F(StatusDocument, ProblemsComeInFullWithTheirRemedies) {
  model::v1::Problem* problem = Applier()->add_problems();
  problem->set_code("DIVERGENCE");
  problem->set_message("shop.orders id=7: row not found");
  problem->set_remedy("compare the row,\nthen srdfctl flow resume shop");
  problem->set_since_ms(kNowMs - 61'000);
  const Document shown = Flow()["problems"][0];
  EXPECT_EQ(shown["service"], "applier");
  EXPECT_EQ(shown["remedy"], problem->remedy());
  const std::string screen = Screen();
  EXPECT_THAT(screen,
              HasSubstr("PROBLEM   applier (DIVERGENCE, for 1 min 1 s): shop.orders id=7: row not found"));
  EXPECT_THAT(screen, HasSubstr("remedy: compare the row,\\nthen srdfctl flow resume shop"));
}

TEST_F(StatusDocument, AProblemToldBySeveralServicesIsShownOnce) {
  for (model::v1::Problem* problem : {Shipper()->add_problems(), Applier()->add_problems()}) {
    problem->set_code("DIVERGENCE");
    problem->set_message("row not found");
  }
  Applier()->add_problems()->set_message("another one");
  EXPECT_EQ(Flow()["problems"].size(), 3u);
  const std::string screen = Screen();
  EXPECT_THAT(screen, HasSubstr("PROBLEM   shipper, applier (DIVERGENCE): row not found"));
  EXPECT_THAT(screen, HasSubstr("PROBLEM   applier (): another one"));
  EXPECT_EQ(screen.find("row not found"), screen.rfind("row not found"));
}

TEST_F(StatusDocument, AnOpenWindowHasItsSizeAndAge) {
  batcher::v1::FlowStatus* batcher = replies_.batcher->mutable_flows(0);
  EXPECT_THAT(Screen(), HasSubstr("window    empty"));
  batcher->set_window_transactions(3);
  batcher->set_window_rows(1200);
  batcher->set_window_bytes(2048);
  batcher->set_window_opened_at_ms(kNowMs - 300);
  batcher->set_shipper_connected(false);
  EXPECT_EQ(Flow()["window"]["age_seconds"], 0.3);
  EXPECT_THAT(
      Screen(),
      HasSubstr("window    3 transactions, 1 200 rows, 2.0 KiB, 0.3 s old; shipper is not connected"));
}

TEST_F(StatusDocument, OnlyTheFlowAskedForIsShown) {
  config_.flows.push_back(config_.flows[0]);
  config_.flows[1].name = "erp";
  EXPECT_EQ(Build()["flows"].size(), 2u);
  EXPECT_EQ(Flow()["flow"], "shop");
  const Document only = BuildStatus(config_, replies_, "erp");
  ASSERT_EQ(only["flows"].size(), 1u);
  EXPECT_EQ(only["flows"][0]["state"], "unknown") << "no service knows the flow yet";
}

TEST_F(StatusDocument, TheSupervisorAddsPidsAndStarts) {
  replies_.mesh_json = R"({"services":[{"name":"applier","pid":4711,"starts":3}]})";
  EXPECT_EQ(Build()["services"][4]["pid"], 4711);
  EXPECT_THAT(Screen(), HasSubstr("applier (3 starts)"));
  replies_.mesh_json = "torn {";
  EXPECT_FALSE(Build()["services"][4].contains("pid"));
}

TEST_F(StatusDocument, ColoursAreOnlyForTerminals) {
  EXPECT_THAT(RenderStatus(Build(), false), Not(HasSubstr("\033")));
  EXPECT_THAT(RenderStatus(Build(), true), HasSubstr("\033[32mrunning\033[0m"));
}

TEST_F(StatusDocument, LimitsAndPriorityAreShownWithWhereTheyComeFrom) {
  EXPECT_EQ(RenderStatus(BuildStatus(config_, replies_, ""), false).find("sending"), std::string::npos);
  auto* rate = Shipper()->add_settings();
  rate->set_name("max_bytes_per_second");
  rate->set_value(65536);
  rate->set_set(true);
  auto* priority = Shipper()->add_settings();
  priority->set_name("priority");
  priority->set_value(5);
  priority->set_configured(5);
  Shipper()->set_send_wait_ms(2000);
  const Document status = BuildStatus(config_, replies_, "");
  const Document& settings = status["flows"][0]["delivery"]["settings"];
  EXPECT_EQ(settings["max_bytes_per_second"]["origin"], "set");
  EXPECT_EQ(settings["max_bytes_per_second"]["configured"], 0);
  EXPECT_EQ(settings["priority"]["origin"], "configured");
  EXPECT_THAT(RenderStatus(status, false),
              HasSubstr("sending   64.0 KiB/s for this one (set); 2.0 s waited"));
}

TEST_F(StatusDocument, ACertificateNearItsEndAndPlaintextAreProblemsAboveTheFlows) {
  replies_.security_problems = {
      {StatusCode::kFailedPrecondition, "shipper.crt ends at 2027-01-01", "renew it"}};
  const Document status = BuildStatus(config_, replies_, "");
  EXPECT_EQ(status["security"]["mode"], "mtls");
  EXPECT_EQ(status["security"]["problems"][0]["message"], "shipper.crt ends at 2027-01-01");
  const std::string screen = RenderStatus(status, false);
  EXPECT_NE(screen.find("PROBLEM   security: shipper.crt ends at 2027-01-01"), std::string::npos) << screen;
}

}  // namespace
}  // namespace srdf::ctl
