# shellcheck shell=bash
# Configures and builds a preset. Sourced after common.sh.

# How many compilers at once: one per core, and one per 1.2 GB of memory (gRPC's headers are heavy).
build_jobs() {
  local cores memory_kb by_memory
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  by_memory=$((memory_kb / 1200000))
  if ((by_memory < 1)); then by_memory=1; fi
  echo $((cores < by_memory ? cores : by_memory))
}

# build PRESET [TARGET…]: the whole preset, or the targets. Compiles only what changed; ccache helps the rest.
build() {
  local preset=$1
  shift
  local dir=$PROJECT_DIR/build/$preset jobs
  jobs=$(build_jobs)
  mkdir -p "$dir"
  if ! (cd "$PROJECT_DIR" && cmake --preset "$preset") >"$dir/configure.log" 2>&1; then
    tail -n 30 "$dir/configure.log" >&2
    die "cmake could not configure the preset $preset (whole log: $dir/configure.log)" \
      "rm -rf $dir, then again; if it stays: see CONTRIBUTING.md"
  fi
  local arguments=(--build "$dir" --parallel "$jobs")
  if (($# > 0)); then arguments+=(--target "$@"); fi
  cmake "${arguments[@]}" || die "the build of the preset $preset failed; the first error is above"
}
