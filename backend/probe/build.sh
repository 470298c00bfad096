#!/usr/bin/env bash
# Builds the probe for both architectures, the same bytes every time. probe/build.sh [OUTPUT_DIR]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/bin}
flags=(-nostdlib -static -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie -fno-builtin -Os -Wall -Wextra -Werror -s
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,noseparate-code)

mkdir -p "$out"
cd "$here"
declare -A compilers=([amd64]=x86_64-linux-gnu-gcc [arm64]=aarch64-linux-gnu-gcc)
for arch in amd64 arm64; do
  compiler=${compilers[$arch]}
  if ! command -v "$compiler" >/dev/null; then
    echo "$compiler is not installed: $arch is not built" >&2
    continue
  fi
  "$compiler" "${flags[@]}" -o "$out/berth-probe-$arch" probe.c
  objcopy_tool=${compiler/gcc/objcopy}
  "$objcopy_tool" --remove-section .comment "$out/berth-probe-$arch"
  chmod 755 "$out/berth-probe-$arch"
done
