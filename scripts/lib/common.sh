# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by those who source it
# What every script here needs: where the project is, and how to speak to a person.
#
# Sourced, never run. Colours only on a terminal; NO_COLOR is honoured (https://no-color.org).

PROJECT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' BLUE=$'\e[36m' RESET=$'\e[0m'
  ON_TERMINAL=yes
else
  BOLD='' DIM='' RED='' GREEN='' YELLOW='' BLUE='' RESET=''
  ON_TERMINAL=''
fi

# A new part of the work.
step() { printf '%s==>%s %s%s%s\n' "$BLUE" "$RESET" "$BOLD" "$*" "$RESET"; }
# A detail of the part under way.
say() { printf '    %s\n' "$*"; }
warn() { printf '%swarning:%s %s\n' "$YELLOW" "$RESET" "$*" >&2; }

# die MESSAGE [REMEDY]: what is wrong, and what to do about it.
die() {
  printf '%serror:%s %s\n' "$RED" "$RESET" "$1" >&2
  if [[ -n ${2:-} ]]; then printf '  %sremedy:%s %s\n' "$BOLD" "$RESET" "$2" >&2; fi
  exit 1
}

# Runs a command as root: directly, or through sudo. Callers check `can_be_root` before.
as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}
can_be_root() { [[ $(id -u) == 0 ]] || sudo -n true 2>/dev/null; }

# The lines of a script's leading comment, from the second one on: its --help.
usage_of() { awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$1"; }
