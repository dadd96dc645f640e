#include "binlog_file/event_walker.h"

#include "engine_mysql/mysql_event.h"

namespace srdf::binlog_file {

namespace {

using engine_mysql::MysqlEventType;

}  // namespace

Result<bool> EventWalker::Next(LogEvent* event) {
  event->in_payload = false;
  if (payload_) {
    auto more = payload_->Next(&event->view);
    if (!more.ok()) return more.status().WithContext(file_->Where(file_->offset()));
    if (*more) {
      if (static_cast<MysqlEventType>(event->type()) == MysqlEventType::kTransactionPayload) {
        return Status(StatusCode::kDataLoss, "a TRANSACTION_PAYLOAD event inside another one")
            .WithContext(file_->Where(file_->offset()));
      }
      event->in_payload = true;
      return true;
    }
    payload_.reset();
  }
  SRDF_ASSIGN_OR_RETURN(const bool more, file_->Next());
  if (!more) return false;
  event->view = file_->event();
  event->offset = file_->offset();
  event->end_offset = file_->end_offset();
  if (format().dialect == LogDialect::kMySql &&
      static_cast<MysqlEventType>(event->type()) == MysqlEventType::kTransactionPayload) {
    auto payload = engine_mysql::TransactionPayload::Open(event->view.body);
    if (!payload.ok()) return payload.status().WithContext(file_->Where(event->offset));
    payload_ = std::move(*payload);
  }
  return true;
}

}  // namespace srdf::binlog_file
