#!/usr/bin/env bash
# Builds the page's program for both architectures, the same bytes every time. examples/hello/build.sh [OUTPUT_DIR]
# The compiler is named with its version (Debian 12: gcc, gcc-aarch64-linux-gnu), since another one makes other bytes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/bin}
declare -A compilers=([amd64]=x86_64-linux-gnu-gcc-12 [arm64]=aarch64-linux-gnu-gcc-12)
declare -A unprotected=([amd64]=-fcf-protection=none [arm64]=-mbranch-protection=none)
# What distributions switch on by default, and what would tell one build from another, is switched off.
flags=(-std=gnu11 -Os -Wall -Wextra -Werror -ffreestanding -fno-builtin -nostdlib -static -fno-pie -no-pie
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident -s
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,noseparate-code)

mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here"
for arch in amd64 arm64; do
  compiler=${compilers[$arch]}
  if ! command -v "$compiler" >/dev/null; then
    echo "$compiler is not installed: $arch is not built" >&2
    continue
  fi
  "$compiler" "${flags[@]}" "${unprotected[$arch]}" -o "$out/hello-$arch" hello.c
  chmod 755 "$out/hello-$arch"
done
cd "$out"
shopt -s nullglob
programs=(hello-*)
if ((${#programs[@]})); then sha256sum "${programs[@]}" >SHA256SUMS; fi
