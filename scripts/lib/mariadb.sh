# shellcheck shell=bash
# Private MariaDB servers: their own data directory, port and socket. Sourced after common.sh.
#
# A server lives in DIR: DIR/data, DIR/s (socket; short, because a socket's path has 107 bytes at most), DIR/pid,
# DIR/error.log. Configuration files of the system are not read. Works as root and as an ordinary user.

# A TCP port nobody listens on, below the range the kernel hands out for outgoing connections.
mariadb_free_port() {
  local port
  for _ in {1..200}; do
    port=$((20000 + (RANDOM << 1 ^ RANDOM) % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  die "no free TCP port between 20000 and 32000"
}

# mariadb_init DIR: an empty server; its administrator is root, by the socket, without a password.
mariadb_init() {
  local dir=$1
  mkdir -p "$dir/tmp"
  chmod 700 "$dir"
  ((${#dir} < 90)) || die "$dir is too long a path for a server's socket" "choose a shorter directory (TMPDIR=/tmp)"
  mariadb-install-db --no-defaults --datadir="$dir/data" --tmpdir="$dir/tmp" --user="$(id -un)" \
    --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve --force >"$dir/init.log" 2>&1 ||
    die "mariadb-install-db failed: $(tail -n 3 "$dir/init.log")" "see $dir/init.log"
}

# mariadb_start DIR PORT [OPTION…]: starts the server and returns when it answers.
mariadb_start() {
  local dir=$1 port=$2
  shift 2
  local user=()
  if [[ $(id -u) == 0 ]]; then user=(--user=root); fi
  setsid mariadbd --no-defaults "${user[@]}" --datadir="$dir/data" --tmpdir="$dir/tmp" \
    --bind-address=127.0.0.1 --port="$port" --socket="$dir/s" --pid-file="$dir/pid" --log-error="$dir/error.log" \
    --skip-name-resolve --performance-schema=off --max-allowed-packet=1G "$@" >/dev/null 2>&1 </dev/null &
  local process=$! deadline=$((SECONDS + 60))
  disown "$process"
  until mariadb_sql "$dir" 'SELECT 1' >/dev/null 2>&1; do
    kill -0 "$process" 2>/dev/null ||
      die "the MariaDB server in $dir ended: $(grep -E 'ERROR' "$dir/error.log" | tail -n 2)" "see $dir/error.log"
    ((SECONDS < deadline)) || die "the MariaDB server in $dir does not answer after 60 s" "see $dir/error.log"
    sleep 0.1
  done
}

# mariadb_secure DIR: no administrator without a password over TCP; the socket is in a directory of its own.
mariadb_secure() {
  mariadb_sql "$1" "SELECT CONCAT('DROP USER root@', QUOTE(host), ';') FROM mysql.user
                    WHERE user = 'root' AND host <> 'localhost'" |
    { echo 'SET sql_log_bin = 0;' && cat; } | mariadb_sql "$1"
}

# mariadb_sql DIR [STATEMENTS]: as administrator; statements from the argument or from standard input.
mariadb_sql() {
  local dir=$1
  shift
  local arguments=(--no-defaults --socket="$dir/s" --user=root --batch --skip-column-names --default-character-set=utf8mb4)
  if (($# > 0)); then
    mariadb "${arguments[@]}" --execute="$1"
  else
    mariadb "${arguments[@]}"
  fi
}

# mariadb_stop DIR: ends the server if it runs; kills it when it has not ended after 20 s.
mariadb_stop() {
  local dir=$1 process
  process=$(cat "$dir/pid" 2>/dev/null) || return 0
  kill -TERM "$process" 2>/dev/null || return 0
  for _ in {1..200}; do
    kill -0 "$process" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$process" 2>/dev/null || true
}
