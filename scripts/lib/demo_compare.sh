# shellcheck shell=bash
# Compares the demo's two servers on their own way: dumps of both sides, side by side. Sourced by scripts/demo.
#
# Rows are dumped one per line in the order of the primary key; a table without a key is a multiset, so its
# lines are sorted. Definitions are compared without the AUTO_INCREMENT counters, which are not data.

dump_rows() {
  local server=$1 database=$2 table=$3 sorted=$4
  mariadb-dump --no-defaults --socket="$WORK/$server/s" --user=root --default-character-set=utf8mb4 \
    --single-transaction --compact --no-create-info --skip-triggers --skip-extended-insert --order-by-primary \
    --hex-blob "$database" "$table" |
    if [[ -n $sorted ]]; then LC_ALL=C sort; else cat; fi
}

dump_definitions() {
  local server=$1 databases
  mapfile -t databases < <(user_databases "$WORK/$server")
  mariadb-dump --no-defaults --socket="$WORK/$server/s" --user=root --default-character-set=utf8mb4 --no-data \
    --routines --triggers --events --skip-comments --databases "${databases[@]}" | sed 's/ AUTO_INCREMENT=[0-9]*//'
}

# First lines that differ, for a person.
show_difference() {
  diff "$1" "$2" | head -n 4 | cut -c1-92 | sed "s/^/      /" || true
}

# True when both servers hold the same; COMPARED_ROWS and COMPARED_TABLES say how much that was.
compare_servers() {
  local dir=$WORK/compare equal=yes table keyless database name rows_source rows_target verdict
  COMPARED_ROWS=0 COMPARED_TABLES=0
  mkdir -p "$dir"
  dump_definitions source >"$dir/definitions.source"
  dump_definitions target >"$dir/definitions.target"
  if ! cmp -s "$dir/definitions.source" "$dir/definitions.target"; then
    printf '    %sdefinitions differ%s\n' "$RED" "$RESET"
    show_difference "$dir/definitions.source" "$dir/definitions.target"
    equal=''
  fi
  printf '    %s%-30s %14s %14s%s\n' "$DIM" table source target "$RESET"
  while IFS=$'\t' read -r database name keyless; do
    table=$database.$name
    dump_rows source "$database" "$name" "$keyless" >"$dir/rows.source"
    dump_rows target "$database" "$name" "$keyless" >"$dir/rows.target" 2>"$dir/errors" || true
    rows_source=$(grep -c "^INSERT" "$dir/rows.source" || true)
    rows_target=$(grep -c "^INSERT" "$dir/rows.target" || true)
    verdict="${GREEN}equal${RESET}"
    if ! cmp -s "$dir/rows.source" "$dir/rows.target"; then
      verdict="${RED}different${RESET}"
      equal=''
    fi
    printf '    %-30s %14d %14d  %s\n' "$table" "$rows_source" "$rows_target" "$verdict"
    if [[ $verdict == *different* ]]; then
      head -n 2 "$dir/errors" | cut -c1-92
      show_difference "$dir/rows.source" "$dir/rows.target"
      cp "$dir/rows.source" "$dir/$table.source"
      cp "$dir/rows.target" "$dir/$table.target"
    fi
    COMPARED_ROWS=$((COMPARED_ROWS + rows_source)) COMPARED_TABLES=$((COMPARED_TABLES + 1))
  done < <(tables_of source)
  rm -f "$dir/rows.source" "$dir/rows.target"
  # Tables only the target has would not have been looked at.
  if ! diff <(tables_of source) <(tables_of target) >"$dir/tables"; then
    printf '    %sthe sets of tables differ%s\n' "$RED" "$RESET"
    sed 's/^/      /' "$dir/tables"
    equal=''
  fi
  [[ -n $equal ]]
}

# Database, table, and "keyless" for a table without a primary key.
tables_of() {
  mariadb_sql "$WORK/$1" "SELECT t.table_schema, t.table_name, IF(k.table_name IS NULL, 'keyless', '')
    FROM information_schema.tables t LEFT JOIN information_schema.table_constraints k
      ON k.table_schema = t.table_schema AND k.table_name = t.table_name AND k.constraint_type = 'PRIMARY KEY'
    WHERE t.table_type = 'BASE TABLE' AND t.table_schema NOT IN
      ('mysql', 'information_schema', 'performance_schema', 'sys', 'srdf') ORDER BY 1, 2"
}
