# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by those who source it
# The demo's servers, users, initial copy and mesh; and how all of it is stopped. Sourced by scripts/demo.
#
# Everything lives below $WORK: source/ and target/ (servers), mesh/ (data directory), mesh.yaml, *.pw.

start_servers() {
  SOURCE_PORT=$(mariadb_free_port)
  TARGET_PORT=$(mariadb_free_port)
  mariadb_init "$WORK/source"
  mariadb_init "$WORK/target"
  mariadb_start "$WORK/source" "$SOURCE_PORT" --server-id=1 --log-bin=binlog --binlog-format=ROW \
    --binlog-row-image=FULL --binlog-row-metadata=FULL --sync-binlog=1 --gtid-strict-mode=1 \
    --innodb-buffer-pool-size=128M --innodb-lock-wait-timeout=5
  mariadb_start "$WORK/target" "$TARGET_PORT" --server-id=2 --log-bin=binlog --binlog-format=ROW \
    --log-bin-trust-function-creators=1 --binlog-annotate-row-events=OFF --innodb-buffer-pool-size=128M
  mariadb_secure "$WORK/source"
  mariadb_secure "$WORK/target"
  say "source  127.0.0.1:$SOURCE_PORT   target  127.0.0.1:$TARGET_PORT   ($(mariadb_sql "$WORK/source" 'SELECT VERSION()'))"

  # Users with what they need and nothing more; random passwords in files for their owner alone.
  local name
  for name in source target app; do
    (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$WORK/$name.pw")
  done
  mariadb_sql "$WORK/source" <<SQL
CREATE USER srdf@127.0.0.1 IDENTIFIED BY '$(<"$WORK/source.pw")';
GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT, SHOW VIEW ON *.* TO srdf@127.0.0.1;
CREATE USER app@127.0.0.1 IDENTIFIED BY '$(<"$WORK/app.pw")';
GRANT ALL ON shop.* TO app@127.0.0.1;
SQL
  mariadb_sql "$WORK/target" <<SQL
CREATE USER srdf@127.0.0.1 IDENTIFIED BY '$(<"$WORK/target.pw")';
GRANT BINLOG REPLAY, PROCESS, SET USER, SELECT, INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW,
  SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT, TRIGGER ON *.* TO srdf@127.0.0.1;
GRANT SELECT, INSERT, UPDATE, DELETE ON srdf.* TO srdf@127.0.0.1;
CREATE USER app@127.0.0.1 IDENTIFIED BY '$(<"$WORK/app.pw")';
SQL
}

start_shop() {
  # The load of the application's user at the source; an array, so that `&` starts the program and no shell.
  LOADGEN=("$BIN/srdf-loadgen" --port "$SOURCE_PORT" --user app --password-file "$WORK/app.pw"
    --database shop --seed "$SEED" --quiet)
  # Creating a trigger needs more than an application has while the binary log is on.
  "$BIN/srdf-loadgen" --socket "$WORK/source/s" --user root --database shop --seed "$SEED" --quiet --init --seconds 0 \
    >"$WORK/init.json" 2>>"$WORK/load.log"
  "${LOADGEN[@]}" --seconds 0 --rate 50 --threads 2 --no-ddl >"$WORK/warm_up.json" 2>>"$WORK/load.log" &
  LOAD_PID=$!
}

# Databases that belong to somebody.
user_databases() {
  mariadb_sql "$1" "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN
    ('mysql', 'information_schema', 'performance_schema', 'sys', 'srdf') ORDER BY 1"
}

# A consistent snapshot, which takes no lock that writers would notice, and the GTID position it was taken at.
copy_source_to_target() {
  local databases dump=$WORK/initial.sql
  mapfile -t databases < <(user_databases "$WORK/source")
  mariadb-dump --no-defaults --socket="$WORK/source/s" --user=root --single-transaction --master-data=2 --gtid \
    --routines --triggers --events --hex-blob --default-character-set=utf8mb4 \
    --databases "${databases[@]}" >"$dump" 2>"$WORK/dump.log" || die "mariadb-dump failed: $(tail -n 2 "$WORK/dump.log")"
  # Commented out in the dump (--master-data=2): the target is not a native replica.
  START_POSITION=$(sed -n "s/^-- SET GLOBAL gtid_slave_pos='\(.*\)';/\1/p" "$dump" | head -n 1)
  [[ -n $START_POSITION ]] || die "the dump does not say its GTID position" "see $dump"
  mariadb_sql "$WORK/target" <"$dump"
  say "$(($(stat -c %s "$dump") / 1024)) KiB, taken at GTID $START_POSITION"
}

start_mesh() {
  local service listen metrics
  declare -gA METRICS_PORT=() LISTEN_PORT=()
  {
    printf 'mesh: demo\ndata_dir: %s\nlog: {level: info, format: text}\nservices:\n' "$WORK/mesh"
    for service in "${SERVICES[@]}"; do
      listen=$(free_service_port) && LISTEN_PORT[$service]=$listen
      metrics=$(free_service_port) && METRICS_PORT[$service]=$metrics
      printf "  %s: {listen: '127.0.0.1:%s', metrics: '127.0.0.1:%s'}\n" "$service" "$listen" "$metrics"
    done
    cat <<YAML
flows:
  - name: demo
    source: {engine: mariadb, host: 127.0.0.1, port: $SOURCE_PORT, user: srdf, password_file: $WORK/source.pw, server_id: 900001}
    target: {engine: mariadb, host: 127.0.0.1, port: $TARGET_PORT, user: srdf, password_file: $WORK/target.pw}
    batch_mode: adaptive
YAML
  } >"$WORK/mesh.yaml"
  ctl preflight >"$WORK/preflight.log" 2>&1 || die "the servers are not set up right: $(tail -n 12 "$WORK/preflight.log")"
  ctl flow init demo --position "$START_POSITION" >"$WORK/flow_init.log" 2>&1 ||
    die "srdfctl flow init failed: $(tail -n 3 "$WORK/flow_init.log")"
  ctl up --detach >"$WORK/up.log" 2>&1 || die "srdfctl up failed: $(tail -n 5 "$WORK/up.log")"
  local deadline=$((SECONDS + 60))
  until [[ $(ctl status --output json 2>/dev/null | jq -r '.flows[0].state' 2>/dev/null) == running ]]; do
    ((SECONDS < deadline)) || die "the mesh is not running after 60 s: $(ctl status 2>&1 | tail -n 12)"
    sleep 0.3
  done
  say "$(printf 'srdf-%s ' "${SERVICES[@]}")"
}

free_service_port() {
  local port
  while port=$(mariadb_free_port); do
    if [[ " ${LISTEN_PORT[*]} ${METRICS_PORT[*]} " != *" $port "* ]]; then
      echo "$port"
      return
    fi
  done
}

ctl() { "$BIN/srdfctl" "$@" --config "$WORK/mesh.yaml"; }

# stop_everything DIR: mesh and servers of a demo; nothing that was started by anybody else.
stop_everything() {
  local dir=$1 supervisor
  if [[ -e $dir/mesh.yaml ]]; then
    timeout 60 "$BIN/srdfctl" down --config "$dir/mesh.yaml" >"$dir/down.log" 2>&1 || {
      supervisor=$(jq -r '.pid // empty' "$dir/mesh/run/mesh.json" 2>/dev/null || true)
      if [[ -n $supervisor ]] && grep -qs "$dir" "/proc/$supervisor/cmdline"; then kill -KILL "$supervisor"; fi
    }
  fi
  mariadb_stop "$dir/source"
  mariadb_stop "$dir/target"
}
