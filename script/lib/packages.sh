# Debian packages that a script needs. Source it and call `ensure_packages NAME...`: what is there already is not touched.

ensure_packages() {
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing: ${missing[*]}. Run as root, or install them first." >&2
    return 1
  fi
  echo "Installing Debian packages: ${missing[*]}"
  if [ -z "${BERTH_APT_UPDATED:-}" ]; then
    apt-get update -qq || return 1
    export BERTH_APT_UPDATED=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# What the test bed needs: an engine, registries, git servers, and what their images are made with.
testbed_packages=(docker.io docker-registry gcc libc6-dev iproute2 iptables ca-certificates debootstrap openssl git openssh-client openssh-server chromium redis-tools)
