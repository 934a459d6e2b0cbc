#!/usr/bin/env bash
# Builds the eBPF object with Debian 12's own packages and bpf-linker.
#
#   tracker-ebpf/build.sh --install    first install what it needs (as root)
#   tracker-ebpf/build.sh              build; write assets/scopetop.bpf.o and assets/scopetop.bpf.toolchain
#   tracker-ebpf/build.sh --check      build, and compare with what is committed
#
# Two builds with one toolchain are identical to the byte, wherever they are made. --check exits with 0 if they are, 1
# if they differ with the recorded toolchain, and 3 if the toolchain at hand is another than the recorded one, which
# proves nothing either way: then the rebuilt object is left in target/ebpf for the tests to run with.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(rustc-web libstd-rust-web-dev-bpf llvm-22-dev llvm-22 libpolly-22-dev libzstd-dev zlib1g-dev)
linker_version=0.13.0
object=assets/scopetop.bpf.o
record=assets/scopetop.bpf.toolchain
built=target/ebpf/scopetop.bpf.o

install() {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}"
    if [ "$(bpf-linker --version 2>/dev/null)" != "bpf-linker $linker_version" ]; then
        LLVM_PREFIX=/usr/lib/llvm-22 cargo install bpf-linker --version "$linker_version" --locked \
            --no-default-features --features llvm-22
    fi
}

toolchain() {
    echo "rustc $(dpkg-query -W -f '${Version}' rustc-web)"
    echo "core $(dpkg-query -W -f '${Version}' libstd-rust-web-dev-bpf)"
    echo "llvm $(dpkg-query -W -f '${Version}' llvm-22)"
    bpf-linker --version
}

build() {
    local registry="${CARGO_HOME:-$HOME/.cargo}/registry/src"
    # v3 has instructions on halves of registers (Linux 5.1): see src/awaited.rs.
    local flags="-C target-cpu=v3 -C linker=bpf-linker -C link-arg=--btf -C link-arg=--log-level=error"
    # Paths sit in the BTF: none of this machine may stay.
    for folder in "$registry"/*/; do
        [ -d "$folder" ] && flags+=" --remap-path-prefix ${folder%/}=registry"
    done
    flags+=" --remap-path-prefix $PWD=scopetop"
    # bpf-linker and cargo look for rustc on the path and in the environment; both must be Debian's.
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_BPFEL_UNKNOWN_NONE_RUSTFLAGS="$flags" \
        cargo build --quiet --locked --package scopetop-tracker-ebpf --bin scopetop-ebpf --features program \
        --profile ebpf --target bpfel-unknown-none --target-dir target/ebpf
    # DWARF is not needed and is most of the size; the BTF stays.
    /usr/lib/llvm-22/bin/llvm-strip -g -o "$built" target/ebpf/bpfel-unknown-none/ebpf/scopetop-ebpf
}

case "${1-}" in
    --install)
        install
        ;;
    --check)
        build
        if ! diff <(toolchain) "$record" >&2; then
            echo "The toolchain is another than the recorded one: the bytes are not compared." >&2
            exit 3
        fi
        if ! cmp "$built" "$object"; then
            echo "$object is not what tracker-ebpf/ builds to: run tracker-ebpf/build.sh and commit it." >&2
            exit 1
        fi
        echo "$object is what tracker-ebpf/ builds to."
        ;;
    '')
        build
        cp "$built" "$object"
        toolchain >"$record"
        ls -l "$object"
        ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
