# Shared by the scripts beside this file (source it): finds the repository, installs what is missing on first use, and
# sets ROOT, BUN and DENO. The working directory stays as it is.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export ROOT
export DENO_NO_UPDATE_CHECK=1 DO_NOT_TRACK=1

say() { printf '%s\n' "$*" >&2; }
die() {
  say "portico: $*"
  exit 1
}

# The first of the given files that is a program and not the small text file that the packages bring along.
first_program() {
  local file
  for file in "$@"; do
    if [ -f "$file" ] && [ -n "$(find "$file" -size +1000k 2>/dev/null)" ]; then
      [ -x "$file" ] || chmod +x "$file"
      printf '%s\n' "$file"
      return 0
    fi
  done
  return 1
}

# Where Bun and Deno are: put there by their packages' install scripts, or else in the packages of this platform.
find_runtimes() {
  local modules=$ROOT/node_modules
  BUN=$(first_program "$modules/bun/bin/bun.exe" "$modules"/@oven/bun-*/bin/bun) || return 1
  DENO=$(first_program "$modules/deno/deno" "$modules"/@deno/*/deno) || return 1
  export BUN DENO
}

# Says every few seconds that the installation still goes on; ends with the process given.
watch_install() {
  local seconds=0 size
  # The sleep must not hold the caller's pipes open after the end.
  while sleep 5 >/dev/null 2>&1 && kill -0 "$1" 2>/dev/null; do
    seconds=$((seconds + 5))
    size=$(du -sm "$ROOT/node_modules" 2>/dev/null | cut -f1 || true)
    say "  … $seconds s, ${size:-0} MB unpacked"
  done
}

# Installs the packages of package-lock.json unless that very file was installed before.
install_packages() {
  local stamp=$ROOT/node_modules/.portico-installed wanted log status=0 installer watcher started=$SECONDS
  wanted=$(cksum <"$ROOT/package-lock.json")
  if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && find_runtimes; then return 0; fi

  command -v npm >/dev/null || die "npm is missing: install Node.js 20 or later (https://nodejs.org), which brings it"
  say "Portico: fetching Bun, Deno and the development tools into node_modules"
  say "  (once: about 180 MB over the network, 600 MB on disk)"
  log=$(mktemp)
  # Whatever the user's npm leaves out by default, we need it here: development and optional packages.
  (cd "$ROOT" && exec npm ci --include=dev --include=optional --no-audit --no-fund --no-engine-strict --loglevel=error) >"$log" 2>&1 &
  installer=$!
  watch_install "$installer" &
  watcher=$!
  wait "$installer" || status=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    sed 's/^/  /' "$log" >&2
    rm -f "$log"
    die "npm ci failed (see above). Check the network and npm's registry setting, then run this again."
  fi
  rm -f "$log"
  find_runtimes || die "npm ci brought no Bun or no Deno for this system ($(uname -sm)); Linux and macOS on x64 and arm64 work"
  printf '%s\n' "$wanted" >"$stamp"
  say "  done in $((SECONDS - started)) s"
}

# Two scripts started at once must not install at once.
if command -v flock >/dev/null; then
  exec 9<"$ROOT/package-lock.json"
  flock 9
  install_packages 9<&-
  exec 9<&-
else
  install_packages
fi

# Bun and Deno with the project's own settings, whatever the working directory.
BUN_RUN=("$BUN" --no-env-file "--config=$ROOT/bunfig.toml")
DENO_RUN=("$DENO" run -A --no-lock --config "$ROOT/deno.json")
