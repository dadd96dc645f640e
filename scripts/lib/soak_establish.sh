#!/usr/bin/env bash
# scripts/soak establish: a large database is copied while its source is written to and everything dies once.
#
# Two MariaDB servers and a mesh whose flow was never started. Tables of different kinds (by an integer, by a composite
# key of text, with cascading foreign keys, without a key, with partitions) are filled, a load begins, with statements
# about whole tables among it, and `srdfctl establish` copies them; first undisturbed, with what the server's own instrumentation says of locks at the source, then while
# every service and both servers are killed. Both times the target must end as what the source is.
#
#   scripts/soak establish                      ten million rows
#   scripts/soak establish --rows 1000000       fewer
#   scripts/soak establish --kills              only the run in which everything dies
#   scripts/soak establish --seed 7             the random choices of another run
#   scripts/soak establish --help
#
# Needs about 2 KiB of disk per row, and 5 GiB of memory from a million rows on. Exit code 1 when anything of that does not hold: the mesh's directory, with logs
# and queues, is named and kept.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=packages.sh
source "$PROJECT_DIR/scripts/lib/packages.sh"
# shellcheck source=build.sh
source "$PROJECT_DIR/scripts/lib/build.sh"

rows=10000000
filter='*'
while (($# > 0)); do
  case $1 in
    --help | -h) usage_of "${BASH_SOURCE[0]}" && exit 0 ;;
    --kills)
      filter='*Death*'
      shift
      ;;
    --rows | --seed)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "$1 needs a number" "scripts/soak establish --help"
      case $1 in
        --rows) rows=$2 ;;
        --seed) export SRDF_E2E_SEED=$2 ;;
      esac
      shift 2
      ;;
    *) die "there is no option $1" "scripts/soak establish --help" ;;
  esac
done
export SRDF_ESTABLISH_ROWS=$rows

packages_install "${PACKAGES[@]}"
step "Building"
build dev establish_test
step "$rows rows"
exec "$PROJECT_DIR/build/dev/tests/e2e/establish_test" --gtest_filter="$filter"
