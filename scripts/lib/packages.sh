# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by those who source it
# The one list of Debian 12 packages this project is built, tested and shown with, and their installation.
#
# Sourced after common.sh. No package here brings a system service: the servers of the tests and of the demo
# come from mariadb-server-core (the program without its service), run in private directories, and never
# meet a system instance.

PACKAGES=(
  # build
  g++ cmake ninja-build ccache pkg-config git
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libmariadb-dev libzstd-dev libssl-dev zlib1g-dev
  libsqlite3-dev libsqlitecpp-dev
  libspdlog-dev libfmt-dev prometheus-cpp-dev libyaml-cpp-dev libcli11-dev nlohmann-json3-dev
  # test and demo
  libgtest-dev libgmock-dev librapidcheck-dev clang-format-14
  mariadb-server-core mariadb-client sqlite3 jq procps iproute2 iptables
)
# Only for scripts/fuzz.
PACKAGES_FUZZ=(clang-14 libclang-rt-14-dev)
# Only for scripts/tidy.
PACKAGES_TIDY=(clang-tidy-14)
# Only for scripts/bench.
PACKAGES_BENCH=(sysbench libbenchmark-dev python3)
# Only for scripts/bench-establish.
PACKAGES_BENCH_ESTABLISH=(sysbench python3 mydumper)

packages_missing() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
  done
}

# packages_install PACKAGE…: installs those that are missing. Safe to repeat; silent when there is nothing to do.
packages_install() {
  command -v dpkg-query >/dev/null || die "this is not a Debian system" "use Debian 12 (bookworm), or a container of it"
  local missing
  mapfile -t missing < <(packages_missing "$@")
  if ((${#missing[@]} == 0)); then return 0; fi

  local id='' release=''
  # shellcheck disable=SC1091
  id=$(. /etc/os-release && echo "${ID:-}") release=$(. /etc/os-release && echo "${VERSION_ID:-}")
  if [[ $id != debian || $release != 12 ]]; then
    warn "this is $id $release; the packages are those of Debian 12"
  fi
  local command="apt-get install -y --no-install-recommends ${missing[*]}"
  can_be_root || die "missing packages, and neither root nor sudo to install them" "as root: $command"

  step "Installing ${#missing[@]} packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! packages_apt update >"$log" 2>&1; then
    warn "apt-get update failed, going on with the lists that are here: $(tail -n 1 "$log")"
  fi
  if ! packages_apt install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "the packages could not be installed (whole log: $log)" "as root: $command"
  fi
  rm -f "$log"
}

packages_apt() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
    apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null
}
