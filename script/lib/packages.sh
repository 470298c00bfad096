# Debian packages that a script needs. Source it.
#   ensure_packages NAME...         installs the missing packages
#   unpack_packages FOLDER NAME...  downloads and unpacks packages without installing them, once, and prints the folder that holds them

# Packages that the test bed needs on the machine. None of them starts a service.
testbed_packages=(slirp4netns gcc libc6-dev iproute2 iptables ca-certificates debootstrap openssl git openssh-client curl jq chromium redis-tools zip)

# Packages that start services are only unpacked (test/testbed/world.sh). A machine that exists only for tests has them installed.
service_packages=(docker.io containerd runc tini docker-registry openssh-server)

ensure_testbed() {
  local packages=("${testbed_packages[@]}")
  [ "${BERTH_TESTBED:-}" != host ] || packages+=("${service_packages[@]}")
  ensure_packages "${packages[@]}"
}

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
  package_manager update && package_manager install -y --no-install-recommends "${missing[@]}" >/dev/null
}

unpack_packages() {
  local folder work deb
  folder=$1-$(. /etc/os-release && echo "$VERSION_CODENAME")
  shift
  mkdir -p "$(dirname "$folder")"
  (
    flock 8
    [ ! -d "$folder" ] || exit 0
    work=$(mktemp -d "$folder.XXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work"/archives/partial "$work"/root/{usr,etc}
    download() { package_manager install -y --reinstall --download-only --no-install-recommends -o APT::Sandbox::User=root -o "Dir::Cache::archives=$work/archives" "$@" >&2; }
    echo "Unpacking Debian packages for the tests: $*" >&2
    download "$@" || { package_manager update >&2 && download "$@"; } || exit 1
    for deb in "$work"/archives/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
    # Packages from before the /usr merge still use the folders that are symbolic links now.
    for name in bin sbin lib; do
      [ ! -d "$work/root/$name" ] || cp -a "$work/root/$name" "$work/root/usr/"
    done
    mv "$work/root" "$folder"
  ) 8>"$folder.lock" || return 1
  echo "$folder"
}

# One at a time: script/server and script/test may both install, and apt-get does not always wait for another apt-get.
package_manager() {
  DEBIAN_FRONTEND=noninteractive flock /var/lib/dpkg/berth.lock apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}
