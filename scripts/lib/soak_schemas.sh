#!/usr/bin/env bash
# scripts/soak schemas: whole dumps load on the source while the flow runs; the target must equal it
#
# Starts two MariaDB servers of its own and a mesh between them, keeps a mixed workload running on a database of
# its own, and loads each dump (*.sql, *.sql.gz) through the `mariadb` client at the source. After each one it
# waits until the target has what the source has, and compares both with srdf-compare, which asks the servers
# alone: SHOW CREATE of every table, view, trigger, routine, event and sequence, and all rows. At the end it dumps
# all that is there, loads the dump over it, and compares everything once more.
#
# A dump that names no database goes into one named after its file. Tables of engines that cannot roll back are
# made InnoDB on the way ("as InnoDB" in the report), because their changes stop a flow by rule
# (docs/operations/statements.md). What the source refuses is counted: the source is what the target must equal.
#
#   scripts/soak schemas                  the project's own schemas, tests/e2e/schemas
#   scripts/soak schemas --dir DIR        the dumps in DIR
#   scripts/soak schemas --only NAME      one of them
#   scripts/soak schemas --large-gib N    also a table of N GiB and its blobs, made on the way
#   scripts/soak schemas --no-reload      without the dump and reload at the end
#   scripts/soak schemas --build-dir DIR  uses the programs of this build, and builds nothing
#
# The report is a Markdown table on standard output; build/soak/schemas holds it and the logs of what failed.
# Exit status 0: every dump arrived equal.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=packages.sh
source "$PROJECT_DIR/scripts/lib/packages.sh"
# shellcheck source=build.sh
source "$PROJECT_DIR/scripts/lib/build.sh"
# shellcheck source=mariadb.sh
source "$PROJECT_DIR/scripts/lib/mariadb.sh"
# shellcheck source=demo_setup.sh
source "$PROJECT_DIR/scripts/lib/demo_setup.sh"
# shellcheck source=schemas_load.sh
source "$PROJECT_DIR/scripts/lib/schemas_load.sh"
# shellcheck source=schemas_large.sh
source "$PROJECT_DIR/scripts/lib/schemas_large.sh"

SERVICES=(capture batcher shipper receiver applier orchestrator)
SEED=$((RANDOM * 32768 + RANDOM))
DIR=$PROJECT_DIR/tests/e2e/schemas
ONLY='*'
LARGE_GIB=0
RELOAD=yes
BIN=''
OUT=$PROJECT_DIR/build/soak/schemas

while (($# > 0)); do
  case $1 in
    --help | -h) usage_of "${BASH_SOURCE[0]}" && exit 0 ;;
    --no-reload) RELOAD='' ;;
    --dir | --only | --large-gib | --build-dir)
      [[ -n ${2:-} ]] || die "$1 needs a value" "scripts/soak schemas --help"
      case $1 in
        --dir) DIR=$2 ;;
        --only) ONLY=$2 ;;
        --build-dir) BIN=$2/bin ;;
        --large-gib)
          [[ $2 =~ ^[0-9]+$ ]] || die "--large-gib needs a whole number" "scripts/soak schemas --large-gib 2"
          LARGE_GIB=$2
          ;;
      esac
      shift
      ;;
    *) die "unknown option $1" "scripts/soak schemas --help" ;;
  esac
  shift
done
DUMPS=()
for dump in "$DIR"/$ONLY.sql "$DIR"/$ONLY.sql.gz; do # $ONLY may be a pattern
  if [[ -f $dump ]]; then DUMPS+=("$dump"); fi
done
((${#DUMPS[@]} > 0 || LARGE_GIB > 0)) || die "no *.sql or *.sql.gz called $ONLY in $DIR" "scripts/soak schemas --dir DIR"

WORK=''
LOAD_PID=''
FAILURES=0

clean_up() {
  local status=$?
  trap - EXIT INT TERM
  end_environment
  exit "$status"
}

# begin_environment: servers, a database with its workload, and the mesh.
begin_environment() {
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/srdf-soak.XXXXXX")
  start_servers
  start_shop
  copy_source_to_target
  start_mesh
}

# Leaves nothing behind; logs are kept by keep_logs before.
end_environment() {
  [[ -n $WORK ]] || return 0
  if [[ -n $LOAD_PID ]]; then kill -TERM "$LOAD_PID" 2>/dev/null || true; fi
  LOAD_PID=''
  stop_everything "$WORK"
  rm -rf "$WORK"
  WORK=''
}

keep_logs() {
  local kept=$OUT/failed.$1
  rm -rf "$kept"
  mkdir -p "$kept"
  cp -r "$WORK/mesh/log" "$WORK"/*.err "$WORK"/*.json "$WORK"/difference "$kept" 2>/dev/null || true
  for server in source target; do cp "$WORK/$server/error.log" "$kept/mariadb-$server.log" 2>/dev/null || true; done
  say "logs are in $kept"
}

if [[ -z $BIN ]]; then
  packages_install "${PACKAGES[@]}"
  step "Building"
  build dev srdfctl srdf-capture srdf-batcher srdf-shipper srdf-receiver srdf-applier srdf-orchestrator srdf-loadgen \
    srdf-compare
  BIN=$PROJECT_DIR/build/dev/bin
fi
[[ -x $BIN/srdf-compare ]] || die "there is no $BIN/srdf-compare" "cmake --build build/dev --target srdf-compare"
mkdir -p "$OUT"
REPORT=$OUT/report.md
report_begin
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for dump in "${DUMPS[@]}"; do
  if [[ -z $WORK ]]; then
    step "Servers, workload and mesh (seed $SEED)"
    begin_environment
  fi
  name=$(basename "${dump%.gz}" .sql)
  if ! load_and_compare "$name" "$dump"; then
    FAILURES=$((FAILURES + 1))
    keep_logs "$name"
    end_environment # what stopped this flow must not hide what comes next
  fi
done
if ((LARGE_GIB > 0)); then
  if [[ -z $WORK ]]; then begin_environment; fi
  step "A table of $LARGE_GIB GiB"
  if ! run_large "$LARGE_GIB"; then
    FAILURES=$((FAILURES + 1))
    keep_logs large
    end_environment
  fi
fi
if [[ -n $RELOAD && -n $WORK && ${#DUMPS[@]} -gt 0 ]]; then
  step "A dump of everything, loaded over it"
  if ! reload_everything; then
    FAILURES=$((FAILURES + 1))
    keep_logs reload
  fi
fi

printf '\n'
cat "$REPORT"
printf '\n'
((FAILURES == 0)) || die "$FAILURES of the loads did not arrive equal" "see $OUT"
