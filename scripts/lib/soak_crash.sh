#!/usr/bin/env bash
# scripts/soak crash: ends every process of a real mesh at every failure point, thousands of times.
#
# First the applier's points alone, by processes that apply wagons to a real server until they die; and the
# server killed at random moments. Then two MariaDB servers and the whole mesh under a mixed load with DDL: a
# round per failure point, then all of them at once with a small probability, then again; kill -9 of the target
# server in between. At the end of each group of rounds the mesh must catch up by itself and the target must be
# what the source is: data, definitions, position, every wagon once. docs/operations/failure-points.md says what
# each point is.
#
#   scripts/soak crash                      1000 crashes
#   scripts/soak crash --crashes 5000       until so many crashes of each kind
#   scripts/soak crash --minutes 60         for so long (with both: until both are reached)
#   scripts/soak crash --seed 7             the random choices of another run
#   scripts/soak crash --help
#
# Prints passes, crashes, rounds and seconds per failure point, and the seed. Exit code 1 on any difference or
# a flow that would need a manual step: the mesh's directory, with its logs and queues, is named and kept.
# SRDF_TEST_TMPDIR=/dev/shm makes it several times as fast: a killed process needs no disk to be remembered.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=packages.sh
source "$PROJECT_DIR/scripts/lib/packages.sh"
# shellcheck source=build.sh
source "$PROJECT_DIR/scripts/lib/build.sh"

crashes='' minutes=''
while (($# > 0)); do
  case $1 in
    --help | -h) usage_of "${BASH_SOURCE[0]}" && exit 0 ;;
    --crashes | --minutes | --seed)
      [[ ${2:-} =~ ^[0-9]+$ ]] || die "$1 needs a number" "scripts/soak crash --help"
      case $1 in
        --crashes) crashes=$2 ;;
        --minutes) minutes=$2 ;;
        --seed) export SRDF_E2E_SEED=$2 ;;
      esac
      shift 2
      ;;
    *) die "there is no option $1" "scripts/soak crash --help" ;;
  esac
done
if [[ -z $crashes && -z $minutes ]]; then crashes=1000; fi

packages_install "${PACKAGES[@]}"
step "Building"
build dev target_crash_test crash_points_test
step "Crashing what applies"
SRDF_SOAK_CRASHES=${crashes:-1000} "$PROJECT_DIR/build/dev/tests/component/engine_mariadb_target/target_crash_test"
step "Crashing the mesh"
export SRDF_SOAK_CRASHES=${crashes:-0} SRDF_SOAK_MINUTES=${minutes:-0}
exec "$PROJECT_DIR/build/dev/tests/e2e/crash_points_test"
