#include "engine_mariadb/connection.h"

#include <errmsg.h>
#include <ma_pvio.h>
#include <mysqld_error.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <mutex>

namespace srdf::engine_mariadb {

namespace {

// Longer than a commit takes on a disk that lives, and no loss when it is not: the connection is given up,
// and the next one finds what has become of it.
constexpr int kAnswerMs = 60'000;

StatusCode Classify(unsigned error) {
  switch (error) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
    case CR_IPSOCK_ERROR:
    case CR_SERVER_HANDSHAKE_ERR:
    case CR_UNKNOWN_ERROR:
    case CR_SSL_CONNECTION_ERROR:
    case ER_HANDSHAKE_ERROR:
    case ER_HOST_IS_BLOCKED:
    case ER_ABORTING_CONNECTION:
    case ER_NET_PACKETS_OUT_OF_ORDER:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case ER_NORMAL_SHUTDOWN:
      return StatusCode::kUnavailable;
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_QUERY_INTERRUPTED:
    case ER_TABLE_DEF_CHANGED:
      return StatusCode::kAborted;
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
    case ER_OPTION_PREVENTS_STATEMENT:
      return StatusCode::kPermissionDenied;
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_OUT_OF_RESOURCES:
      return StatusCode::kResourceExhausted;
    case ER_DUP_ENTRY:
    case ER_DUP_ENTRY_WITH_KEY_NAME:
    case ER_KEY_NOT_FOUND:
    case ER_NO_REFERENCED_ROW:
    case ER_NO_REFERENCED_ROW_2:
    case ER_ROW_IS_REFERENCED:
    case ER_ROW_IS_REFERENCED_2:
      return StatusCode::kDivergence;
    default:
      return StatusCode::kFailedPrecondition;
  }
}

// A host that vanishes sends nothing: without this, a query that it had taken would be waited for for ever. A
// long statement on a host that lives is not disturbed.
void NoticeDeadPeer(my_socket socket) {
  const int on = 1, idle_seconds = 15, interval_seconds = 5, probes = 6, unacked_ms = 60000;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof unacked_ms);
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Open(const engine::ServerEndpoint& endpoint,
                                                     const ConnectionOptions& options) {
  static std::once_flag library_once;
  std::call_once(library_once, [] { mysql_library_init(0, nullptr, nullptr); });
  MYSQL* mysql = mysql_init(nullptr);
  if (mysql == nullptr) return Status(StatusCode::kInternal, "out of memory for a database connection");
  std::unique_ptr<Connection> connection(new Connection(mysql));
  mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &options.connect_timeout_seconds);
  if (options.read_timeout_seconds != 0) {
    mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &options.read_timeout_seconds);
  }
  mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &options.write_timeout_seconds);
  mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, options.charset.c_str());
  const unsigned long packet_bytes_max = 1ul << 30;
  mysql_optionsv(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_bytes_max);
  mysql_optionsv(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "srdf");
  const bool by_socket = !endpoint.socket.empty();
  const char* host = by_socket ? "localhost" : endpoint.host.c_str();
  if (mysql_real_connect(mysql, host, endpoint.user.c_str(), endpoint.password.c_str(), nullptr,
                         by_socket ? 0 : endpoint.port, by_socket ? endpoint.socket.c_str() : nullptr,
                         CLIENT_FOUND_ROWS) == nullptr) {
    const std::string where =
        by_socket ? endpoint.socket : endpoint.host + ":" + std::to_string(endpoint.port);
    return connection->LastError("cannot connect to MariaDB at " + where + " as " + endpoint.user);
  }
  if (!by_socket) NoticeDeadPeer(mysql_get_socket(mysql));
  return connection;
}

Connection::~Connection() { mysql_close(mysql_); }

Status Connection::LastError(std::string_view context) {
  last_errno_ = mysql_errno(mysql_);
  std::string remedy;
  const StatusCode code = Classify(last_errno_);
  if (code == StatusCode::kUnavailable)
    remedy = "check that the server runs and can be reached; tried again by itself";
  if (last_errno_ == ER_ACCESS_DENIED_ERROR)
    remedy = "check user and password_file (or password_env) in the configuration";
  return {code, std::string(context) + ": " + mysql_error(mysql_) + " (" + std::to_string(last_errno_) + ")",
          std::move(remedy)};
}

Status Connection::Execute(std::string_view sql) {
  last_errno_ = 0;
  if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0) return LastError("statement failed");
  for (;;) {
    if (MYSQL_RES* result = mysql_store_result(mysql_); result != nullptr) mysql_free_result(result);
    const int more = mysql_next_result(mysql_);
    if (more < 0) return {};
    if (more > 0) return LastError("statement failed");
  }
}

Status Connection::AllowSeveralStatements() {
  if (several_statements_) return {};
  last_errno_ = 0;
  if (mysql_set_server_option(mysql_, MYSQL_OPTION_MULTI_STATEMENTS_ON) != 0) {
    return LastError("cannot send two statements at once");
  }
  several_statements_ = true;
  return {};
}

Status Connection::ExecuteThen(std::string_view sql, std::string_view then) {
  SRDF_RETURN_IF_ERROR(AllowSeveralStatements());
  last_errno_ = 0;
  // On a line of its own: the first may end with a comment.
  const std::string both = std::string(sql) + "\n;" + std::string(then);
  if (mysql_real_query(mysql_, both.data(), both.size()) != 0) return LastError("statement failed");
  do {
    if (MYSQL_RES* result = mysql_store_result(mysql_); result != nullptr) mysql_free_result(result);
  } while (mysql_next_result(mysql_) == 0);
  return {};
}

Result<std::vector<Connection::StatementResult>> Connection::ExecuteAll(std::string_view statements) {
  SRDF_RETURN_IF_ERROR(SendAll(statements));
  return ReadAll(1);
}

Status Connection::SendAll(std::string_view statements) {
  SRDF_RETURN_IF_ERROR(AllowSeveralStatements());
  last_errno_ = 0;
  if (mysql_send_query(mysql_, statements.data(), statements.size()) != 0)
    return LastError("statement failed");
  return {};
}

bool Connection::WaitForAnswer() const {
  const MARIADB_PVIO* pvio = mysql_->net.pvio;
  if (pvio != nullptr && pvio->cache != nullptr && pvio->cache + pvio->cache_size > pvio->cache_pos)
    return true;
  pollfd p{mysql_get_socket(mysql_), POLLIN, 0};
  int answered = 0;
  // A signal is no answer, and no silence either.
  do {
    answered = poll(&p, 1, kAnswerMs);
  } while (answered < 0 && errno == EINTR);
  return answered > 0;
}

Result<std::vector<Connection::StatementResult>> Connection::ReadAll(size_t count) {
  if (mysql_read_query_result(mysql_) != 0) return LastError("statement failed");
  std::vector<StatementResult> out;
  for (;;) {
    StatementResult& result = out.emplace_back();
    SRDF_ASSIGN_OR_RETURN(result.rows, StoredRows());
    result.matched = mysql_affected_rows(mysql_);
    int more = mysql_next_result(mysql_);
    if (more < 0 && out.size() >= count) return out;
    if (more < 0) {
      // A KILL QUERY that comes just between two statements ends the row of them without a word.
      if (!WaitForAnswer()) return Status(StatusCode::kUnavailable, "the server does not answer any more");
      more = mysql_read_query_result(mysql_);
    }
    if (more != 0) return LastError("statement failed");
  }
}

Result<std::vector<ResultRow>> Connection::Query(std::string_view sql) {
  last_errno_ = 0;
  if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0) return LastError("query failed");
  return StoredRows();
}

// Of the statement executed last.
Result<std::vector<ResultRow>> Connection::StoredRows() {
  MYSQL_RES* result = mysql_store_result(mysql_);
  if (result == nullptr) {
    if (mysql_errno(mysql_) != 0) return LastError("query failed");
    return std::vector<ResultRow>();
  }
  std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> guard(result, &mysql_free_result);
  const unsigned columns = mysql_num_fields(result);
  std::vector<ResultRow> rows;
  while (MYSQL_ROW row = mysql_fetch_row(result)) {
    const unsigned long* lengths = mysql_fetch_lengths(result);
    ResultRow& out = rows.emplace_back();
    out.reserve(columns);
    for (unsigned i = 0; i < columns; ++i) {
      if (row[i] == nullptr) {
        out.emplace_back(std::nullopt);
      } else {
        out.emplace_back(std::string(row[i], lengths[i]));
      }
    }
  }
  return rows;
}

Result<std::string> Connection::QueryValue(std::string_view sql) {
  SRDF_ASSIGN_OR_RETURN(auto rows, Query(sql));
  if (rows.empty() || rows[0].empty() || !rows[0][0].has_value()) {
    return Status(StatusCode::kNotFound, "query returned no value");
  }
  return *rows[0][0];
}

std::string Connection::Quote(std::string_view text) const {
  std::string out(text.size() * 2 + 1, '\0');
  out.resize(mysql_real_escape_string(mysql_, out.data(), text.data(), text.size()));
  return "'" + out + "'";
}

std::string Connection::QuoteIdentifier(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out.push_back('`');
    out.push_back(c);
  }
  out.push_back('`');
  return out;
}

}  // namespace srdf::engine_mariadb
