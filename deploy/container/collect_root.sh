#!/bin/bash
# Lays out the root file system of the image: the programs, the libraries they load, and the few files these read.
#
#   collect_root.sh DIRECTORY_OF_PROGRAMS ROOT
#
# No shell, no package manager: nothing in the image could run but the two programs. Run where the programs were built,
# as the libraries are copied from there. Needs ca-certificates and binutils.
set -euo pipefail
programs=${1:?where flowbrokerd and flowctl are}
root=${2:?where to make the root file system}
user=65532 # As in the Containerfile and in deploy/k8s.

libraries=usr/lib/$(gcc -print-multiarch)
mkdir -p "$root"/{etc/ssl/certs,run/flowbroker,var/lib/flowbroker,tmp,proc,sys,dev,usr/{bin,lib/ssl,lib64,share/doc}} "$root/$libraries"
ln -sfn usr/lib "$root/lib"
ln -sfn usr/lib64 "$root/lib64"
chmod 1777 "$root/tmp"
chmod 700 "$root/run/flowbroker" "$root/var/lib/flowbroker"
chown $user:$user "$root/run/flowbroker" "$root/var/lib/flowbroker"

for program in flowbrokerd flowctl; do
  install -m 755 "$programs/$program" "$root/usr/bin/"
  strip "$root/usr/bin/$program"
done

# "libx.so.1 => /lib/.../libx.so.1 (0x...)" and "/lib64/ld-linux-x86-64.so.2 (0x...)"
mapfile -t loaded < <(ldd "$programs/flowbrokerd" "$programs/flowctl" |
  sed -nE 's|.*=> (/[^ ]+) .*|\1|p; s|^[[:space:]]*(/[^ ]+) .*|\1|p' | sort -u)
for library in "${loaded[@]}"; do
  case $library in
    */ld-linux*) install -m 755 "$library" "$root/usr/lib64/" ;;
    *) install -m 644 "$library" "$root/$libraries/" ;;
  esac
done

# Licences go with the libraries. A library may be registered as /lib/... or as /usr/lib/...
mapfile -t files < <(readlink -f "${loaded[@]}" | sed -E 'p; s|^/usr||')
{ dpkg-query -S "${files[@]}" 2>/dev/null || true; } | cut -d: -f1 | sort -u | while read -r package; do
  install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done

# The authorities that tls-ca-file defaults to: where OpenSSL and gRPC look for them.
install -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
ln -sfn /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
printf 'flowbroker:x:%s:%s::/:/nonexistent\n' $user $user >"$root/etc/passwd"
printf 'flowbroker:x:%s:\n' $user >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
