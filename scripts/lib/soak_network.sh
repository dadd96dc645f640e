#!/usr/bin/env bash
# scripts/soak network: the line between two sites misbehaves, for minutes at a time.
#
# Two MariaDB servers, a site of the mesh at each, and a line between them, under load all the while. First the line
# is a relay: slow and narrow, cut in the middle of a wagon, flapping, mute one way and the other. Then it is a real
# network between two namespaces (as root; skipped with the reason otherwise), whose packets are dropped: both ways,
# one way and the other, 5 % of them, flapping every second. After each fault the flow must go on by itself, the
# target must be what the source is, and no commit at the source may have waited.
#
#   scripts/soak network                    20 minutes: two for each of the ten faults
#   scripts/soak network --minutes 60       so long all in all, divided among the faults
#   scripts/soak network --seed 7           the random choices of another run
#   scripts/soak network --help
#
# Prints how soon a mute line was noticed, how soon the flow went on, and the slowest commit. Exit code 1 when
# anything of that does not hold: the meshes' directories, with logs and queues, are named and kept.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=packages.sh
source "$PROJECT_DIR/scripts/lib/packages.sh"
# shellcheck source=build.sh
source "$PROJECT_DIR/scripts/lib/build.sh"

minutes=20
while (($# > 0)); do
  case $1 in
    --help | -h) usage_of "${BASH_SOURCE[0]}" && exit 0 ;;
    --minutes | --seed)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "$1 needs a number" "scripts/soak network --help"
      case $1 in
        --minutes) minutes=$2 ;;
        --seed) export SRDF_E2E_SEED=$2 ;;
      esac
      shift 2
      ;;
    *) die "there is no option $1" "scripts/soak network --help" ;;
  esac
done
export SRDF_NETWORK_SECONDS=$((minutes * 60 / 10))

packages_install "${PACKAGES[@]}"
step "Building"
build dev slow_line_test network_namespaces_test
status=0
step "A line that is a relay, $SRDF_NETWORK_SECONDS seconds for each fault"
"$PROJECT_DIR/build/dev/tests/e2e/slow_line_test" || status=1
step "A network between two namespaces, $SRDF_NETWORK_SECONDS seconds for each fault"
"$PROJECT_DIR/build/dev/tests/e2e/network_namespaces_test" || status=1
exit "$status"
