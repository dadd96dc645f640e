# shellcheck shell=bash
# The demo's live part: workload, kills, progress, catching up, summary. Sourced by scripts/demo.

service_pid() {
  jq -r --arg name "$1" '.services[] | select(.name == $name and .state == "running") | .pid' \
    "$WORK/mesh/run/mesh.json" 2>/dev/null || true
}

# Kills a service the hard way, once it runs.
kill_service() {
  local service=$1 elapsed=$2 pid='' deadline=$((SECONDS + 15))
  until [[ -n $pid ]]; do
    pid=$(service_pid "$service")
    ((SECONDS < deadline)) || die "$service does not run, so it cannot be killed: $(ctl status 2>&1 | tail -n 12)"
    [[ -n $pid ]] || sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  KILLS+=("$service")
  clear_line
  printf '    %3d s  %skill -9 %s%s (pid %s)\n' "$elapsed" "$YELLOW" "$service" "$RESET" "$pid"
}

clear_line() { if [[ -n $ON_TERMINAL ]]; then printf '\r\e[K'; fi; }

# One line with what the mesh says of itself; on a terminal it is written over, elsewhere it comes every 5 s.
show_progress() {
  local elapsed=$1 line
  if [[ -z $ON_TERMINAL ]]; then
    if ((elapsed % 5 != 0)) || [[ ${LAST_SHOWN:-} == "$2 $elapsed" ]]; then return 0; fi
    LAST_SHOWN="$2 $elapsed"
  fi
  line=$(ctl status --output json 2>/dev/null | jq -r '
    def short: if . == null then "?" elif . >= 1e6 then "\(. / 1e5 | floor / 10)M"
               elif . >= 1e4 then "\(. / 1e3 | floor)k" else tostring end;
    .flows[0] | if .totals == null then error("away") else . end |
    "\(.totals.transactions | short) transactions → \(.totals.wagons | short) wagons" +
    "   rows \(.totals.rows_before | short) → \(.totals.rows_after | short)" +
    "   \((.totals.payload_compressed_bytes // 0) / 1048576 * 10 | floor / 10) MiB sent" +
    "   lag \(if .lag.seconds == null then "?" else (.lag.seconds * 10 | floor / 10 | tostring) + " s" end)"
    ' 2>/dev/null) || line='(a service is being started again)'
  clear_line
  printf '    %3d s  %s' "$elapsed" "$line"
  if [[ -z $ON_TERMINAL ]]; then printf '\n'; fi
}

run_live() {
  # The quiet customers make room for the busy ones.
  kill -TERM "$LOAD_PID"
  wait "$LOAD_PID" || die "the workload during the copy failed: $(tail -n 2 "$WORK/load.log")"
  "${LOADGEN[@]}" --seconds "$LOAD_SECONDS" --rate "$LOAD_RATE" --threads 4 >"$WORK/load.json" 2>>"$WORK/load.log" &
  LOAD_PID=$!
  KILLS=()
  OUTAGE=''
  local start=$SECONDS elapsed=0 shown=-1 next_kill count=${#SERVICES[@]}
  while kill -0 "$LOAD_PID" 2>/dev/null; do
    elapsed=$((SECONDS - start))
    next_kill=$(((${#KILLS[@]} + 1) * LOAD_SECONDS / (count + 1)))
    if ((${#KILLS[@]} < count && elapsed >= next_kill)); then
      kill_service "${SERVICES[${#KILLS[@]}]}" "$elapsed"
    fi
    if [[ -z $OUTAGE ]] && ((elapsed >= LOAD_SECONDS - LOAD_SECONDS / 6)); then
      OUTAGE=$elapsed
      clear_line
      ctl flow pause demo >/dev/null
      say "$(printf '%3d s  the line to the target is cut (srdfctl flow pause): the window gathers' "$elapsed")"
    fi
    if ((elapsed > shown)); then
      shown=$elapsed
      show_progress "$elapsed" load
    fi
    sleep 0.2
  done
  clear_line
  wait "$LOAD_PID" || die "the workload failed: $(tail -n 2 "$WORK/load.log")"
  LOAD_PID=''
  ctl flow resume demo >/dev/null
  say "the line is back (srdfctl flow resume)"
  say "$(jq -r '"\(.transactions) transactions committed, \(.rows) rows changed, \(.rolled_back) rolled back, " +
    "\(.deadlocks) deadlocks, \(.ddl) DDL statements"' "$WORK/load.json")"
}

sorted_gtids() { tr ',' '\n' | sort | paste -sd, -; }

# Caught up is what the target's own checkpoint says, against the source's own log.
wait_caught_up() {
  local start=$SECONDS source_position target_position
  source_position=$(mariadb_sql "$WORK/source" 'SELECT @@GLOBAL.gtid_binlog_pos' | sorted_gtids)
  while true; do
    target_position=$(mariadb_sql "$WORK/target" "SELECT gtid FROM srdf.checkpoint WHERE flow = 'demo'" | sorted_gtids)
    if [[ $source_position == "$target_position" ]]; then break; fi
    if ((SECONDS - start >= CATCH_UP_SECONDS)); then
      ctl status >&2 || true
      die "after $CATCH_UP_SECONDS s the source is at $source_position and the target at $target_position"
    fi
    show_progress $((SECONDS - start)) wait
    sleep 0.5
  done
  clear_line
  say "after $((SECONDS - start)) s: checkpoint $target_position = source position"
}

# Of every transaction, by its wagon: seconds from the source's commit (kept in whole seconds) to applied.
lag_percentile() {
  sqlite3 -readonly "$WORK/mesh/outbox.db" "
    WITH lag AS (SELECT MAX(0, d.applied_at_ms - w.commit_time_last_ms) AS ms, w.transactions + w.statements AS n
                 FROM wagon w JOIN delivery d USING (wagon_id) WHERE d.applied_at_ms > 0),
         run AS (SELECT ms, SUM(n) OVER (ORDER BY ms) AS upto, SUM(n) OVER () AS total FROM lag)
    SELECT printf('%.1f', MIN(ms) / 1000.0) FROM run WHERE upto >= total * $1"
}

# What the window made of the time when the line was cut.
largest_wagon() {
  sqlite3 -readonly "$WORK/mesh/outbox.db" "
    SELECT printf('largest wagon: %d transactions, %d rows -> %d, compaction %.2fx',
                  transactions, rows_before, rows_after, 1.0 * rows_before / MAX(rows_after, 1))
    FROM wagon ORDER BY transactions DESC LIMIT 1"
}

print_summary() {
  ctl status --output json >"$WORK/status.json" 2>/dev/null || true
  local totals starts
  totals=$(jq -r '
    def mib: . / 1048576 * 100 | floor / 100 | tostring + " MiB";
    def times(a; b): if b == 0 then "-" else (a / b * 100 | round / 100 | tostring) + "x" end;
    .flows[0].totals |
    "transactions|\(.transactions), and \(.statements) DDL statements",
    "wagons|\(.wagons) (\(times(.transactions; .wagons)) transactions each)",
    "rows|\(.rows_before) changed at the source, \(.rows_after) sent: compaction \(times(.rows_before; .rows_after))",
    "bytes|raw \(.bytes_before | mib), compacted \(.payload_raw_bytes | mib), compressed \(.payload_compressed_bytes | mib)",
    "compression|\(times(.payload_raw_bytes; .payload_compressed_bytes)) of what is sent, \(times(.bytes_before; .payload_compressed_bytes)) with compaction"
    ' "$WORK/status.json")
  starts=$(jq -r '[.services[].starts] | add' "$WORK/status.json")
  printf '\n%s%s%s\n' "$BOLD" '    Summary' "$RESET"
  while IFS='|' read -r key value; do printf '    %-14s %s\n' "$key" "$value"; done <<<"$totals"
  printf '    %-14s p50 %s s, p99 %s s (source commit, in whole seconds, to applied)\n' lag \
    "$(lag_percentile 0.50)" "$(lag_percentile 0.99)"
  printf '    %-14s %s\n' outage "$(largest_wagon)"
  printf '    %-14s %d survived: %s (services were started %s times)\n' 'kill -9' "${#KILLS[@]}" "${KILLS[*]}" "$starts"
  printf '    %-14s %s rows in %s tables\n' compared "$COMPARED_ROWS" "$COMPARED_TABLES"
  if [[ -n $EQUAL ]]; then
    printf '    %s%ssource = target%s\n\n' "$BOLD" "$GREEN" "$RESET"
  else
    printf '    %s%ssource ≠ target%s\n\n' "$BOLD" "$RED" "$RESET"
  fi
}

print_how_to_look_around() {
  cat >"$WORK/stop" <<STOP
#!/usr/bin/env bash
# Stops this demo's mesh and servers and removes its directory.
set -euo pipefail
source '$PROJECT_DIR/scripts/lib/common.sh'
source '$PROJECT_DIR/scripts/lib/mariadb.sh'
source '$PROJECT_DIR/scripts/lib/demo_setup.sh'
BIN='$BIN'
stop_everything '$WORK'
rm -rf '$WORK'
STOP
  chmod +x "$WORK/stop"
  local service
  cat <<TEXT
    ${BOLD}Everything is left running below $WORK${RESET}

    export PATH=$BIN:\$PATH
    srdfctl status --watch --config $WORK/mesh.yaml
    srdfctl wagon list --config $WORK/mesh.yaml
    srdfctl flow pause demo --config $WORK/mesh.yaml       (and: flow resume demo)
    mariadb --no-defaults -S $WORK/source/s -u root shop   (target: $WORK/target/s)
    srdf-loadgen --port $SOURCE_PORT --user app --password-file $WORK/app.pw --seconds 10
    sqlite3 -readonly $WORK/mesh/outbox.db 'SELECT sequence, seal_reason, transactions FROM wagon'
    logs: $WORK/mesh/log

    metrics:
TEXT
  for service in "${SERVICES[@]}"; do
    printf '      %-13s http://127.0.0.1:%s/metrics\n' "$service" "${METRICS_PORT[$service]}"
  done
  printf '\n    stop it, and remove everything:  %s%s/stop%s\n' "$BOLD" "$WORK" "$RESET"
}
