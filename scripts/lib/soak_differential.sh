# shellcheck shell=bash
# soak differential: random scenarios through the product, compared after every wagon with the source and
# with MariaDB's own replica.
#
#   scripts/soak differential --minutes 30                  as many seeds as fit
#   scripts/soak differential --seeds 500 --first-seed 1    a range of seeds
#   scripts/soak differential --seed 4711                   one
#   scripts/soak differential --replay FILE                 a listing of an earlier failure
#   scripts/soak differential --apply native|sql|both …     how wagons are applied
#   scripts/soak differential --merge …                     wagons are merged before they are applied
#
# Every other argument goes to build/dev/bin/srdf-differential. Listings of failures, whole and shrunk:
# build/dev/differential. Exit status 1: a difference was found.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=packages.sh
source "$PROJECT_DIR/scripts/lib/packages.sh"
# shellcheck source=build.sh
source "$PROJECT_DIR/scripts/lib/build.sh"

for argument in "$@"; do
  if [[ $argument == --help || $argument == -h ]]; then
    usage_of "${BASH_SOURCE[0]}"
    exit 0
  fi
done
cd "$PROJECT_DIR"
packages_install "${PACKAGES[@]}"

step "Building the preset dev"
build dev srdf-differential

step "Running: $*"
mkdir -p build/dev/differential
exec build/dev/bin/srdf-differential --out build/dev/differential "$@"
