#!/bin/sh
# Puts the library that cargo built where Maven packs it: staged/io/emberflow/native/<platform>/, with its digest.
# usage: stage.sh LIBRARY
set -eu
library=$1
here=$(dirname "$0")

case $(uname -s) in Linux) system=linux ;; Darwin) system=macos ;; *) system=$(uname -s | tr 'A-Z' 'a-z') ;; esac
case $(uname -m) in x86_64 | amd64) machine=x86_64 ;; aarch64 | arm64) machine=aarch64 ;; *) machine=$(uname -m) ;; esac

folder=$here/staged/io/emberflow/native/$system-$machine
name=$(basename "$library")
digest=$(sha256sum "$library" | cut -d' ' -f1)
mkdir -p "$folder"
# The digest of what cargo built, so that an unchanged library is neither stripped nor packed again.
if [ "$(cat "$folder/$name.sha256" 2>/dev/null || true)" != "$digest" ]; then
  rm -f "$folder/$name.sha256"
  cp "$library" "$folder/$name"
  strip --strip-unneeded "$folder/$name" 2>/dev/null || true
  echo "$digest" > "$folder/$name.sha256"
fi
