#include "binlog_file/dump.h"

#include <fmt/format.h>

#include <memory>

#include "binlog_file/dump_filter.h"
#include "binlog_file/event_dump.h"
#include "binlog_file/event_role.h"
#include "binlog_file/event_walker.h"
#include "binlog_file/transaction_dump.h"
#include "engine_mysql/gtid_set.h"
#include "engine_mysql/mysql_event.h"

namespace srdf::binlog_file {

namespace {

using engine_mariadb::EventType;

std::string ServerName(const FileFormat& format) {
  return fmt::format("{} {}", format.ProductName(), format.server_version);
}

class DumpRun {
 public:
  DumpRun(const DumpOptions& options, const DumpFilter& filter, const Print& print, DumpSummary* summary)
      : options_(options),
        summary_(summary),
        transactions_(filter, print, summary),
        events_(filter, print, summary) {}

  Status Run(EventFile* file) {
    EventWalker walker(file);
    LogEvent event;
    while (!LimitReached()) {
      auto more = walker.Next(&event);
      if (!more.ok()) return Stop(more.status());
      if (!*more) return EndOfFile(*file);
      const Status status = Handle(walker, event);
      if (!status.ok()) return Stop(status);
      summary_->end_offset = event.end_offset;
    }
    summary_->end = "stopped at the limit";
    return {};
  }

 private:
  // An event of the list may be the format description, so the limit is looked at before each one.
  bool LimitReached() const {
    return options_.limit != 0 &&
           (options_.events ? summary_->events : summary_->transactions) >= options_.limit;
  }

  Status Handle(const EventWalker& walker, const LogEvent& event) {
    const FileFormat& format = walker.format();
    SRDF_ASSIGN_OR_RETURN(const EventRole role, RoleOf(event, format, walker.Where(event)));
    if (role == EventRole::kFormat) summary_->server = ServerName(format);
    if (role == EventRole::kIgnored) ++summary_->ignored_events;
    Status status = Remember(event, role, format);
    if (status.ok()) {
      status =
          options_.events ? events_.Handle(event, role, format) : transactions_.Handle(event, role, format);
    }
    return status.ok() ? status : status.WithContext(walker.Where(event));
  }

  Status Remember(const LogEvent& event, EventRole role, const FileFormat& format) {
    if (role == EventRole::kAside && format.dialect == LogDialect::kMySql &&
        static_cast<engine_mysql::MysqlEventType>(event.type()) ==
            engine_mysql::MysqlEventType::kPreviousGtids) {
      SRDF_ASSIGN_OR_RETURN(const auto set, engine_mysql::GtidSet::Decode(event.view.body));
      summary_->previous_gtids = set.ToString();
    }
    // In a relay log, ROTATE is what the source's log did.
    if (role == EventRole::kFileEnd && !event.view.header.artificial()) {
      closed_by_ = "STOP: the server was shut down";
      if (event.view.header.event_type() == EventType::kRotate) {
        SRDF_ASSIGN_OR_RETURN(const auto rotate, engine_mariadb::DecodeRotate(event.view.body));
        closed_by_ = fmt::format("ROTATE to {}", rotate.file);
      }
    } else {
      closed_by_.clear();
    }
    return {};
  }

  // The object that is being printed gets its end.
  Status Stop(const Status& error) {
    summary_->end = "stopped by an error";
    const Status finished = options_.events ? Status() : transactions_.Finish();
    return error.ok() ? finished : error;
  }

  Status EndOfFile(const EventFile& file) {
    SRDF_RETURN_IF_ERROR(Stop({}));
    const EventFile::Tail& tail = file.tail();
    if (tail.torn && !file.format().in_use) {
      summary_->end = "the file's end is missing";
      return {
          StatusCode::kDataLoss,
          fmt::format("the file ends at {} in the middle of an event: {}, although its server has closed it",
                      file.Where(tail.offset), tail.what),
          "copy the file again; what is printed above is whole"};
    }
    if (tail.torn) {
      summary_->end =
          fmt::format("{} at the end, from offset {} on: still being written, or the server crashed",
                      tail.what, tail.offset);
    } else if (!closed_by_.empty()) {
      summary_->end = "closed by " + closed_by_;
    } else if (file.format().in_use) {
      summary_->end = "the file is open: still being written, or the server crashed";
    } else {
      summary_->end = "no ROTATE or STOP at the end: the file may have been cut between two events";
    }
    return {};
  }

  const DumpOptions& options_;
  DumpSummary* const summary_;
  TransactionDump transactions_;
  EventDump events_;
  std::string closed_by_;
};

}  // namespace

Status Dump(const DumpOptions& options, const Print& print, DumpSummary* summary) {
  SRDF_ASSIGN_OR_RETURN(const DumpFilter filter, DumpFilter::Parse(options.gtids, options.table));
  SRDF_ASSIGN_OR_RETURN(const std::unique_ptr<EventFile> file, EventFile::Open(options.path));
  SRDF_RETURN_IF_ERROR(filter.CheckDialect(file->format().dialect));
  summary->begin_offset = options.from == 0 ? kMagicBytes : options.from;
  SRDF_RETURN_IF_ERROR(file->Seek(summary->begin_offset));
  summary->server = ServerName(file->format());
  summary->checksums = file->format().checksums;
  summary->end_offset = summary->begin_offset;
  return DumpRun(options, filter, print, summary).Run(file.get());
}

std::string DumpSummary::ToText(bool events_form) const {
  std::string out = fmt::format("{}, checksums {}, offsets {} to {}: ", server, checksums ? "CRC32" : "none",
                                begin_offset, end_offset);
  out += events_form ? fmt::format("{} events", events) : fmt::format("{} transactions", transactions);
  if (incomplete != 0) out += fmt::format(" ({} without their end)", incomplete);
  out += fmt::format(", {} rows ({} inserts, {} updates, {} deletes), {} statements\n",
                     inserts + updates + deletes, inserts, updates, deletes, statements);
  if (!end.empty()) out += end + "\n";
  if (!previous_gtids.empty()) out += "previous GTIDs: " + previous_gtids + "\n";
  if (ignored_events != 0)
    out += fmt::format("{} events of unknown types, marked as ignorable\n", ignored_events);
  if (signedness_missing) {
    out += "the log does not say which integers are unsigned: they are shown as signed\n";
  }
  return out;
}

}  // namespace srdf::binlog_file
