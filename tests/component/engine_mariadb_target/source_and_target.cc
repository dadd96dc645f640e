#include <gtest/gtest.h>

#include <algorithm>

#include "applying_sink.h"
#include "support/database_compare.h"

namespace srdf::test {

SourceAndTarget::SourceAndTarget(const std::string& before_image,
                                 const std::vector<std::string>& target_config) {
  MariaDbServerOptions options;
  options.server_id = 1;
  // Nothing here is killed: need not be durable.
  options.config = {"innodb_flush_log_at_trx_commit=0", "sync_binlog=0"};
  auto source = MariaDbServer::Start(options);
  EXPECT_TRUE(source.ok()) << source.status().ToString();
  source_ = std::move(source).value();
  options.server_id = 2;
  options.config.push_back("log_bin_trust_function_creators=1");
  options.config.insert(options.config.end(), target_config.begin(), target_config.end());
  target_ = std::make_unique<Target>(options, before_image == "full");
  engine_mariadb::SourceOptions from;
  from.endpoint = source_->Endpoint();
  from.server_id = 999;
  from.before_image = before_image;
  engine_ = engine_mariadb::NewSourceEngine(from);
  reader_ = engine_->NewReader();
  AtSource({"CREATE DATABASE before_all", "DROP DATABASE before_all"});
  StartHere();
}

void SourceAndTarget::AtSource(const std::vector<std::string>& statements) {
  const Status status = source_->Execute(statements);
  ASSERT_TRUE(status.ok()) << status.ToString();
}

void SourceAndTarget::AtBoth(const std::vector<std::string>& statements) {
  AtSource(statements);
  AtTarget(statements);
}

void SourceAndTarget::StartHere() { target_->SetStart(engine_->CurrentPosition().value()); }

Status SourceAndTarget::Replicate() {
  statements_ = runs_ = 0;
  const SourcePosition end = engine_->CurrentPosition().value();
  const SourcePosition from = target_->Checkpoint().position;
  if (from.gtid == end.gtid) return {};
  ApplyingSink sink(target_.get(), end.gtid, 1);
  const Status read = reader_->Run(from, &sink);
  statements_ = sink.statements;
  runs_ = sink.runs;
  return read.code() == StatusCode::kCancelled ? Status() : read;
}

std::string SourceAndTarget::Difference() {
  auto different = Differences(*source_, target_->server());
  return different.ok() ? *different : different.status().ToString();
}

}  // namespace srdf::test
