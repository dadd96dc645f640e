# shellcheck shell=bash
# Loading one dump through the source and comparing what arrives. Sourced by soak_schemas.sh.
#
# Uses $WORK, $BIN, $REPORT and ctl; a failing step sets PROBLEM and returns 1.

CATCH_UP_SECONDS=${SOAK_CATCH_UP_SECONDS:-900}

report_begin() {
  {
    echo '| schema | tables | views | triggers | routines | events | rows | load s | then behind s | result |'
    echo '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --- |'
  } >"$REPORT"
}

now_ms() { date +%s%3N; }
seconds_of() { printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# The dump as the source gets it. An engine that cannot roll back becomes InnoDB; AS_INNODB says whether.
dump_text() {
  if [[ $1 == *.gz ]]; then gzip -dc "$1"; else cat "$1"; fi |
    sed -E 's/\b(ENGINE|TYPE)[[:space:]]*=[[:space:]]*(MyISAM|MEMORY|HEAP|Aria)\b/ENGINE=InnoDB/I'
}

# load_dump NAME FILE: through the ordinary client; goes on after an error, like an operator with --force.
load_dump() {
  local name=$1 file=$2 into=()
  if ! dump_text "$file" | grep -qaiE '^[[:space:]]*(/\*![0-9]*[[:space:]]*)?(CREATE[[:space:]]+(DATABASE|SCHEMA)|USE)[[:space:]]'; then
    mariadb_sql "$WORK/source" "DROP DATABASE IF EXISTS \`$name\`; CREATE DATABASE \`$name\`"
    into=("$name")
  fi
  dump_text "$file" | mariadb --no-defaults --socket="$WORK/source/s" --user=root --default-character-set=utf8mb4 \
    --force "${into[@]}" >/dev/null 2>"$WORK/$name.err" || true
  REFUSED=$(grep -c '^ERROR' "$WORK/$name.err" || true)
}

# The number of the last transaction in a position of one domain ("0-1-1234").
sequence_of() { echo "${1##*-}"; }

# Waits until the target has what the source has now; a flow that stops is a failure at once.
wait_for_target() {
  local wanted reached deadline=$((SECONDS + CATCH_UP_SECONDS)) state
  wanted=$(sequence_of "$(mariadb_sql "$WORK/source" 'SELECT @@GLOBAL.gtid_binlog_pos')")
  while true; do
    reached=$(sequence_of "$(mariadb_sql "$WORK/target" "SELECT gtid FROM srdf.checkpoint WHERE flow = 'demo'")")
    if ((reached >= wanted)); then return 0; fi
    state=$(ctl status --output json 2>/dev/null | jq -r '.flows[0].state' 2>/dev/null || true)
    if [[ $state == stopped || $state == failed || $state == blocked ]] || ((SECONDS >= deadline)); then
      ctl status --output json >"$WORK/status.json" 2>/dev/null || true
      PROBLEM="$state at transaction $reached of $wanted: $(jq -r '[.flows[0].problems[]? | .message] | join("; ")' \
        "$WORK/status.json" | cut -c1-600)"
      return 1
    fi
    sleep 0.2
  done
}

# databases_of FILE BEFORE: those that came with the dump, and those it names.
databases_of() {
  comm -13 <(sort <<<"$2") <(user_databases "$WORK/source" | sort)
  dump_text "$1" | grep -aoiE '^[[:space:]]*USE[[:space:]]+`?[A-Za-z0-9_]+' | sed -E 's/.*[[:space:]]`?//' |
    while read -r name; do if user_databases "$WORK/source" | grep -qx "$name"; then echo "$name"; fi; done
}

# compare_databases DATABASE…: sets COUNTS, and PROBLEM when they differ.
compare_databases() {
  local status=0
  "$BIN/srdf-compare" "$WORK/source/s" "$WORK/target/s" "$@" >"$WORK/counts.json" 2>"$WORK/difference" || status=$?
  COUNTS=$(jq -sr '[(map(.tables + .sequences) | add), ([.[].views] | add), ([.[].triggers] | add),
    ([.[].routines] | add), ([.[].events] | add), ([.[].rows] | add)] | map(. // 0 | tostring) | join(" | ")' \
    <(jq -c '.' "$WORK/counts.json"))
  if ((status == 0)); then return 0; fi
  PROBLEM="differs: $(head -c 1500 "$WORK/difference" | tr '\n' ' ')"
  return 1
}

# report_line NAME RESULT
report_line() {
  printf '| %s | %s | %s | %s | %s |\n' "$1" "${COUNTS:- | | | | | }" "${LOADED:-}" "${BEHIND:-}" "$2" >>"$REPORT"
  tail -n 1 "$REPORT"
}

# load_and_compare NAME FILE
load_and_compare() {
  local name=$1 file=$2 before start loaded databases result=equal
  COUNTS='' LOADED='' BEHIND='' PROBLEM='' REFUSED=0
  before=$(user_databases "$WORK/source")
  start=$(now_ms)
  load_dump "$name" "$file"
  loaded=$(now_ms)
  LOADED=$(seconds_of $((loaded - start)))
  if ! wait_for_target; then
    report_line "$name" "**$PROBLEM**"
    return 1
  fi
  BEHIND=$(seconds_of $(($(now_ms) - loaded)))
  if ! kill -0 "$LOAD_PID" 2>/dev/null; then
    PROBLEM="the workload ended: $(tail -n 1 "$WORK/load.log")"
    report_line "$name" "**$PROBLEM**"
    return 1
  fi
  mapfile -t databases < <(databases_of "$file" "$before" | sort -u)
  if ((${#databases[@]} == 0)); then databases=("$name"); fi
  if ! compare_databases "${databases[@]}"; then
    report_line "$name" "**$PROBLEM**"
    return 1
  fi
  if ! diff -q <(dump_text "$file") <(if [[ $file == *.gz ]]; then gzip -dc "$file"; else cat "$file"; fi) >/dev/null; then
    result+=", as InnoDB"
  fi
  if ((REFUSED > 0)); then result+=", $REFUSED statements refused by the source"; fi
  report_line "$name" "$result"
}

# What mariadb-dump writes of all that the source holds, system tables included, loaded where it came from.
reload_everything() {
  local dump=$WORK/everything.sql start loaded
  COUNTS='' LOADED='' BEHIND='' PROBLEM='' REFUSED=0
  kill -TERM "$LOAD_PID"
  wait "$LOAD_PID" || true
  LOAD_PID=''
  mariadb-dump --no-defaults --socket="$WORK/source/s" --user=root --all-databases --add-drop-database --routines \
    --triggers --events --hex-blob --single-transaction --default-character-set=utf8mb4 >"$dump" 2>"$WORK/dump.err" || {
    PROBLEM="mariadb-dump failed: $(tail -n 1 "$WORK/dump.err")"
    report_line 'everything, dumped and reloaded' "**$PROBLEM**"
    return 1
  }
  start=$(now_ms)
  mariadb --no-defaults --socket="$WORK/source/s" --user=root --force <"$dump" >/dev/null 2>"$WORK/reload.err" || true
  REFUSED=$(grep -c '^ERROR' "$WORK/reload.err" || true)
  loaded=$(now_ms)
  LOADED=$(seconds_of $((loaded - start)))
  if wait_for_target; then
    BEHIND=$(seconds_of $(($(now_ms) - loaded)))
    if compare_databases; then
      local result=equal
      if ((REFUSED > 0)); then result+=", $REFUSED statements refused by the source"; fi
      report_line 'everything, dumped and reloaded' "$result"
      return 0
    fi
  fi
  report_line 'everything, dumped and reloaded' "**$PROBLEM**"
  return 1
}
