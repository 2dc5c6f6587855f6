# Steps that tools/quickstart and tools/test share; both source this file.
#
# A step prints its name, a line of progress now and then, and how long it took.
# Its output goes to build/logs/. A step that fails prints the end of that log
# and what to do about it. All of it works from any folder and without a
# terminal, and doing it again does nothing that is done already.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs
progress_seconds=15

# fail MESSAGE REMEDY
fail() {
  printf '\nerror: %s\n  %s\n' "$1" "$2" >&2
  return 1
}

# step NAME REMEDY COMMAND...
step() {
  local name=$1 remedy=$2 started=$SECONDS status
  shift 2
  local log=$logs/${name//[^A-Za-z0-9]/_}.log
  mkdir -p "$logs"
  printf '==> %s\n' "$name"
  "$@" 2>&1 </dev/null | show_progress "$log"
  status=${PIPESTATUS[0]}
  if ((status != 0)); then
    printf '\n--- the end of %s ---\n' "$log" >&2
    grep -vE "^ +Start +[0-9]+:|Test +#[0-9]+: .* Passed " "$log" | tail -n 150 >&2
    fail "the step '$name' failed with status $status; its whole log is $log" \
      "$remedy"
    return 1
  fi
  printf '    done in %d s\n' $((SECONDS - started))
}

# Copies its input to the log, and every so often a line of it to the terminal.
show_progress() {
  local log=$1 started=$SECONDS due=$((SECONDS + progress_seconds))
  local line='' part='' last=working status
  : >"$log"
  while true; do
    IFS= read -r -t "$progress_seconds" part
    status=$?
    line+=$part
    if ((status == 0)); then
      printf '%s\n' "$line" >>"$log"
      last=${line:-$last} line=''
    elif ((status < 128)); then # the end; else the time limit of read
      [[ -z $line ]] || printf '%s\n' "$line" >>"$log"
      return
    fi
    if ((SECONDS >= due)); then
      printf '    %4d s  %.100s\n' $((SECONDS - started)) "$last"
      due=$((SECONDS + progress_seconds))
    fi
  done
}

# Installs what of tools/packages.txt is missing, and asks for the right to do
# so only then.
install_packages() {
  local package missing=()
  if ! command -v dpkg-query >/dev/null; then
    fail "this is not Debian: dpkg-query is missing" \
      "Braid builds on Debian 12. Elsewhere use a container, for example:
  docker run -it -v '$root:/braid' debian:12 /braid/tools/quickstart"
    return 1
  fi
  while read -r package _; do
    [[ -z $package || $package == \#* ]] && continue
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null \
      | grep -qx installed || missing+=("$package")
  done <"$root/tools/packages.txt"
  ((${#missing[@]} > 0)) || return 0

  local as_root=()
  if ((EUID != 0)); then
    as_root=(sudo)
    [[ -t 0 ]] || as_root=(sudo -n)
    if ! "${as_root[@]}" true; then
      fail "packages are missing, and installing them takes root" \
        "Run as root: apt-get install ${missing[*]}"
      return 1
    fi
  fi
  step "install ${#missing[@]} packages" \
    "Try by hand, as root: apt-get install ${missing[*]}" \
    apt_install "${missing[@]}"
}

# apt_install PACKAGE...: with the lists at hand, else with fresh ones. Uses
# as_root of install_packages.
apt_install() {
  printf 'missing: %s\n' "$*"
  local options=(-y --no-install-recommends -o DPkg::Lock::Timeout=120)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install "${options[@]}" "$@" && return
  "${as_root[@]}" apt-get update -o DPkg::Lock::Timeout=120 \
    && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install "${options[@]}" "$@"
}

# As many compilers as there are cores, but no more than the memory takes: the
# largest needs a little over 1 GB.
parallel_jobs() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/^MemAvailable:/ { print int($2 / 1200000) }' /proc/meminfo)
  ((gigabytes > 0)) || gigabytes=1
  echo $((cores < gigabytes ? cores : gigabytes))
}

# configure PRESET
configure() {
  step "configure $1" \
    "If it names a stale or foreign cache: rm -r '$root/build/$1', and again." \
    cmake -S "$root" --preset "$1"
}

# build PRESET [TARGET...]: two builds of one preset wait for each other.
build() {
  local preset=$1 targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  step "build $preset${*:+ ($*)}" \
    "Errors of the compiler are above. To build from nothing: \
rm -r '$root/build/$preset'" \
    build_locked "$preset" "${targets[@]}"
}

build_locked() {
  local preset=$1
  shift
  cd "$root" && flock -o "$root/build/$preset.lock" \
    cmake --build --preset "$preset" --parallel "$(parallel_jobs)" "$@"
}
