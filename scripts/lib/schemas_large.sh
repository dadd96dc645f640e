# shellcheck shell=bash
# shellcheck disable=SC2034  # the report's variables are used by schemas_load.sh
# One table of some GiB, and large objects beside it, made at the source while the flow runs. Sourced by
# soak_schemas.sh; uses what schemas_load.sh has.
#
# Three ways in turn, until the table's file has its size: LOAD DATA of a file (about 100 MiB in one
# transaction), INSERT … SELECT (one statement, about 100 MiB), and objects of 1 to 16 MiB, one transaction each.

# No service may ever have held more than this, whatever passes through.
SERVICE_MIB_MAX=${SOAK_SERVICE_MIB_MAX:-400}
LARGE_ROWS=200000

large_rows() {
  cat <<SQL
SELECT FROM_UNIXTIME(1500000000 + seq), seq MOD 977, ROUND(RAND() * 1e6, 4), ELT(1 + seq MOD 4, 'sale', 'refund', 'fee', 'Gebühr'),
  CONCAT(SHA2(RAND(), 512), UUID(), SHA2(RAND(), 512)), HEX(RANDOM_BYTES(60)) FROM seq_1_to_$LARGE_ROWS
SQL
}

create_large() {
  mariadb_sql "$WORK/source" <<'SQL'
CREATE OR REPLACE DATABASE large CHARACTER SET utf8mb4;
CREATE TABLE large.entry (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, at DATETIME NOT NULL, account INT NOT NULL,
  amount DECIMAL(14,4) NOT NULL, kind VARCHAR(10) NOT NULL, note VARCHAR(400), tag VARCHAR(120) CHARACTER SET latin1,
  KEY by_account (account, at)
);
CREATE TABLE large.object (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, body LONGBLOB);
SQL
}

large_file_mib() {
  mariadb_sql "$WORK/source" "SELECT COALESCE(SUM(file_size) DIV 1048576, 0) FROM information_schema.innodb_sys_tablespaces
    WHERE name = 'large/entry'"
}

# The most each service ever held, as the kernel says; sets MEMORY, and PROBLEM when it was too much.
check_memory() {
  local name pid mib
  MEMORY=''
  while IFS=$'\t' read -r name pid; do
    mib=$(($(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status") / 1024))
    MEMORY+="${MEMORY:+, }$name $mib MiB"
    if ((mib > SERVICE_MIB_MAX)); then PROBLEM="$name held $mib MiB, more than $SERVICE_MIB_MAX"; fi
  done < <(jq -r '.services[] | select(.state == "running") | "\(.name)\t\(.pid)"' "$WORK/mesh/run/mesh.json")
  [[ -z $PROBLEM ]]
}

# One round of the three ways; the statement that fails says why.
load_large_round() {
  local number=$1 file=$2 columns='(at, account, amount, kind, note, tag)'
  mariadb --no-defaults --socket="$WORK/source/s" --user=root --local-infile --default-character-set=utf8mb4 \
    --execute="LOAD DATA LOCAL INFILE '$file' INTO TABLE large.entry CHARACTER SET utf8mb4 $columns" &&
    mariadb_sql "$WORK/source" "USE large; INSERT INTO entry $columns $(large_rows)" &&
    mariadb_sql "$WORK/source" "INSERT INTO large.object (name, body)
      VALUES ('$number', REPEAT(RANDOM_BYTES(1024), 1024 * (1 + $number MOD 16)))"
}

lag_seconds() { ctl status --output json 2>/dev/null | jq -r '.flows[0].lag.seconds // "?"'; }

# Up to GIB, then changes all over what is there.
load_large() {
  local wanted=$1 number=0 file=$WORK/rows.tsv start
  start=$(now_ms)
  create_large && { echo 'USE large;' && large_rows; } | mariadb_sql "$WORK/source" >"$file" || return 1
  while MIB=$(large_file_mib) && ((MIB < wanted)); do
    number=$((number + 1))
    load_large_round "$number" "$file" || return 1
    say "$MIB MiB after $(seconds_of $(($(now_ms) - start))) s, lag $(lag_seconds) s"
  done
  rm -f "$file"
  mariadb_sql "$WORK/source" "UPDATE large.entry SET amount = amount + 1 WHERE account < 100;
    DELETE FROM large.entry WHERE account = 500; UPDATE large.object SET body = CONCAT(body, 'end')"
}

# run_large GIB
run_large() {
  local start loaded behind name
  COUNTS='' LOADED='' BEHIND='' PROBLEM='' REFUSED=0 MIB=0
  start=$(now_ms)
  if ! load_large $(($1 * 1024)); then PROBLEM='the source refused a statement of the load'; fi
  loaded=$(($(now_ms) - start))
  name="one table of $MIB MiB, and its objects"
  LOADED=$(seconds_of "$loaded")
  if [[ -z $PROBLEM ]] && wait_for_target; then
    behind=$(($(now_ms) - start - loaded))
    BEHIND=$(seconds_of "$behind")
    if check_memory && compare_databases large; then
      report_line "$name" "equal; $((MIB * 1000 / loaded)) MiB/s at the source, $((MIB * 1000 / (loaded + behind))) MiB/s to \
the target; most memory: $MEMORY"
      mariadb_sql "$WORK/source" 'DROP DATABASE large'
      return 0
    fi
  fi
  report_line "$name" "**$PROBLEM**"
  return 1
}
